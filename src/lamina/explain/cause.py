"""Cause: two builds and their fingerprints → why the second one ran what it ran; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from lamina.errors import InputError
from lamina.explain.advice import advise
from lamina.explain.bases import merges
from lamina.explain.compare import Change, Judged, Verdict, compare
from lamina.explain.explanation import Cause, Confidence, Explanation, Miss
from lamina.explain.fingerprint import Fingerprint
from lamina.explain.join import join
from lamina.explain.readings import Readings
from lamina.explain.steps import Model, ModelStep
from lamina.explain.words import change_text
from lamina.history.record import BuildRecord, StepKey, StepKind, StepOutcome, StepRecord

_NOT_IN_CACHE: Final = (
    "nothing that its key depends on changed, and the cache did not have it: it was pruned, "
    "another builder built before, or the cache that was imported lacks it (mode=max keeps all)"
)
_LEGACY: Final = "the legacy builder has rules of its own, which are not known here"
_NO_FINGERPRINT: Final = (
    "what this build depended on was not recorded: `lamina trace -- docker build …` records it"
)
_UNREAD: Final = "a part of the context was not read, so causes may be missing"


def explain(
    record: BuildRecord, previous: BuildRecord | None, readings: Readings | None = None
) -> Explanation:
    """Say why each step of a Dockerfile's build was not reused.

    What was imported from a log has no fingerprint: then only texts of steps are compared, and
    every cause is ``LIKELY``.  ``readings`` are for who explains several builds of a row.
    """
    readings = readings or Readings()
    found = readings.fingerprint(record)
    if found is None or record.engine == "legacy":
        note = _LEGACY if record.engine == "legacy" else _NO_FINGERPRINT
        return by_text(record, previous, note)
    before = readings.fingerprint(previous) if previous else None
    if previous is None or before is None:
        return _first(record, previous)
    try:
        can = merges(record, previous)
        old = readings.model(previous, before, merges=can)
        new = readings.model(record, found, merges=can)
    except InputError as error:
        return by_text(record, previous, f"the Dockerfile cannot be read: {error}")
    return _compared(record, previous, old, new, found)


def _compared(
    record: BuildRecord, previous: BuildRecord, old: Model, new: Model, found: Fingerprint
) -> Explanation:
    judged = {found.step.id: found for found in compare(old, new)}
    reported = join(new, record)
    earlier = {step.key: step for step in previous.steps}
    missed = {id_: step for id_, step in reported.items() if step.is_miss}
    causes = {id_: _causes(judged[id_], step, earlier) for id_, step in missed.items()}
    below = _below(judged, missed, causes)
    misses = tuple(
        Miss(
            name=new_name(judged[id_].step),
            step=step.id,
            line=judged[id_].step.line,
            platform=step.platform,
            seconds=step.seconds,
            bytes=step.bytes,
            below=below.get(id_, step.seconds),
            causes=causes[id_],
            because=() if causes[id_] else _because(judged[id_], judged),
        )
        for id_, step in missed.items()
    )
    taken = {step.id for step in reported.values()}
    # What the Dockerfile does not account for is kept: ONBUILD of a base, another frontend.
    misses += tuple(
        _plain_miss(step) for step in record.steps if step.is_miss and step.id not in taken
    )
    notes = [] if old.is_whole and new.is_whole else [_UNREAD]
    return _explanation(
        record,
        previous,
        misses,
        advise(judged.values(), missed, found),
        notes,
    )


def _plain_miss(step: StepRecord) -> Miss:
    return Miss(
        name=step.text,
        step=step.id,
        platform=step.platform,
        seconds=step.seconds,
        bytes=step.bytes,
    )


def new_name(step: ModelStep) -> str:
    """Name a step as its author wrote it, in one line."""
    return " ".join(step.text.split())


def _causes(
    judged: Judged, step: StepRecord, earlier: Mapping[StepKey, StepRecord]
) -> tuple[Cause, ...]:
    last = earlier.get(step.key)
    if last is not None and last.outcome not in {StepOutcome.DONE, StepOutcome.CACHED}:
        text = f"it had no result to be reused: the build before ended with it {last.outcome}"
        return (Cause(kind="unfinished", name=step.text, text=text),)
    if judged.verdict is Verdict.SAME:
        text = _NOT_IN_CACHE
        return (Cause(kind="cache", name=step.text, text=text, confidence=Confidence.LIKELY),)
    is_below = any(root != judged.step.id for root in judged.roots)
    changes = [c for c in judged.changes if not (c.is_weak and is_below)]
    return tuple(_cause(change) for change in changes)


def _cause(change: Change) -> Cause:
    confidence = Confidence.LIKELY if change.is_weak else Confidence.CERTAIN
    return Cause(
        kind=change.kind, name=change.name, text=change_text(change), confidence=confidence
    )


def _because(judged: Judged, all_: Mapping[int, Judged]) -> tuple[str, ...]:
    return tuple(new_name(all_[id_].step) for id_ in judged.roots if id_ != judged.step.id)


def _below(
    judged: Mapping[int, Judged],
    missed: Mapping[int, StepRecord],
    causes: Mapping[int, Sequence[Cause]],
) -> dict[int, float]:
    """Add up for each miss with causes of its own what ran because of it."""
    total = {id_: missed[id_].seconds for id_ in missed if causes[id_]}
    reached = {id_: {id_} for id_ in total}
    for id_, found in judged.items():
        above = (*found.step.parents, *found.step.contents)
        for hit in reached.values():
            if id_ in missed and any(n in hit for n in above) and id_ not in hit:
                hit.add(id_)
    return {root: sum(missed[id_].seconds for id_ in hit) for root, hit in reached.items()}


def _first(record: BuildRecord, previous: BuildRecord | None) -> Explanation:
    note = (
        "there is no earlier build to compare it with"
        if previous is None
        else "what the build before depended on was not recorded"
    )
    misses = tuple(_plain_miss(step) for step in record.steps if step.is_miss)
    return _explanation(record, previous, misses, (), [note])


def by_text(record: BuildRecord, previous: BuildRecord | None, note: str) -> Explanation:
    """Explain from the texts of the steps alone."""
    known = {step.key: step for step in previous.steps} if previous else {}
    misses = []
    tainted: set[str] = set()
    for step in record.steps:
        if not step.is_miss:
            continue
        because = [s for s in record.steps if s.id in step.inputs and s.id in tainted]
        tainted.add(step.id)
        causes = () if because else _text_causes(step, known, has_previous=previous is not None)
        misses.append(
            replace(
                _plain_miss(step),
                below=step.seconds,
                causes=causes,
                because=tuple(other.text for other in because),
            )
        )
    notes = [note] if previous else [note, "there is no earlier build to compare it with"]
    return _explanation(record, previous, tuple(misses), (), notes)


def _text_causes(
    step: StepRecord, known: Mapping[StepKey, StepRecord], *, has_previous: bool
) -> tuple[Cause, ...]:
    if not has_previous:
        return ()
    if step.key not in known:
        kind, text = "step", "no step of the build before has this text: it is new or was changed"
    elif step.kind in {StepKind.COPY, StepKind.ADD}:
        kind, text = "file", "its text is the same, so probably one of its files changed"
    else:
        kind, text = "unknown", "its text is the same; a variable, an option or the cache changed"
    return (Cause(kind=kind, name=step.text, text=text, confidence=Confidence.LIKELY),)


def _explanation(
    record: BuildRecord,
    previous: BuildRecord | None,
    misses: tuple[Miss, ...],
    advice: Iterable[str],
    notes: Iterable[str],
) -> Explanation:
    hits = sum(step.is_hit for step in record.steps)
    return Explanation(
        build=record.id,
        previous=previous.id if previous else "",
        hits=hits,
        steps=hits + sum(step.is_miss for step in record.steps),
        seconds=sum(miss.seconds for miss in misses),
        misses=misses,
        advice=tuple(advice),
        notes=tuple(notes),
    )
