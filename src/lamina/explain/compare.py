"""Compare: two models → for each step of the second, whether the first one's result can be had."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from hashlib import sha256

from lamina.explain.steps import Facts, Model, ModelStep


class Verdict(StrEnum):
    """What becomes of a step.

    ``SAME`` is found if it is still kept.  ``CHANGED`` runs for reasons of its own, ``BELOW``
    because a step that it runs on does.  ``MAYBE`` runs if bytes differ that no fingerprint holds,
    or if the builder looks closer than others do.
    """

    SAME = "same"
    CHANGED = "changed"
    BELOW = "below"
    MAYBE = "maybe"


class Kind(StrEnum):
    """What a change is a change of."""

    FILE = "file"
    VALUE = "value"
    STEP = "step"
    ORDER = "order"
    FORCED = "forced"
    TARGET = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: ``before`` and ``after`` are empty where it was not there.

    ``is_weak`` says that not every builder notices it.
    """

    kind: Kind
    name: str
    before: str = ""
    after: str = ""
    is_weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A step with its verdict; ``roots`` are the steps that it runs because of."""

    step: ModelStep
    verdict: Verdict
    changes: tuple[Change, ...] = ()
    roots: tuple[int, ...] = ()


def compare(before: Model, after: Model) -> tuple[Judged, ...]:
    """Judge each step of ``after``, given that all steps of ``before`` are kept."""
    known = set(_keys(before).values())
    keys = _keys(after)
    others = _aligned(before, after)
    judged: dict[int, Judged] = {}
    for step in after.steps:
        other = others.get(step.id)
        judged[step.id] = _judge(
            step, other, judged, is_known=keys[step.id] in known, before=before
        )
    return tuple(judged.values())


def _keys(found: Model) -> dict[int, str]:
    keys: dict[int, str] = {}
    for step in found.steps:
        parts = [
            *_lines(step.own), "", *_lines(step.files), "", *_lines(step.weak), "",
            *_lines(step.weak_files), "", *(keys[n] for n in (*step.parents, *step.contents)),
        ]  # fmt: skip
        keys[step.id] = sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
    return keys


def _lines(facts: Facts) -> Iterable[str]:
    return (f"{name!r}: {value!r}" for name, value in sorted(facts.items()))


def _judge(
    step: ModelStep,
    other: ModelStep | None,
    judged: Mapping[int, Judged],
    *,
    is_known: bool,
    before: Model,
) -> Judged:
    if step.is_forced:
        forced = Change(kind=Kind.FORCED, name="no-cache")
        return Judged(step=step, verdict=Verdict.CHANGED, changes=(forced,), roots=(step.id,))
    if is_known:
        return _known(step, judged)
    changes = _new(step, before) if other is None else differences(other, step)
    strong = [change for change in changes if not change.is_weak]
    above = [judged[n] for n in step.parents if judged[n].verdict is not Verdict.SAME]
    beside = [judged[n] for n in step.contents if judged[n].verdict is not Verdict.SAME]
    roots = tuple(dict.fromkeys(n for found in (*above, *beside) for n in found.roots))
    if strong:
        return Judged(step=step, verdict=Verdict.CHANGED, changes=tuple(changes), roots=(step.id,))
    if above or beside or changes:
        is_sure = any(found.verdict is not Verdict.MAYBE for found in above) and not step.by_content
        return Judged(
            step=step,
            verdict=Verdict.BELOW if is_sure else Verdict.MAYBE,
            changes=tuple(changes),
            roots=roots or (step.id,),
        )
    moved = Change(kind=Kind.ORDER, name=_stood_on(other, before))
    return Judged(step=step, verdict=Verdict.CHANGED, changes=(moved,), roots=(step.id,))


def _stood_on(other: ModelStep | None, before: Model) -> str:
    """Name the step that this one ran on before: it is gone, or stands elsewhere."""
    below = set(other.parents) if other else set()
    return next((step.text for step in before.steps if step.id in below), "")


def _known(step: ModelStep, judged: Mapping[int, Judged]) -> Judged:
    """Judge a step whose key is kept: only bytes of steps that were forced to run can differ."""
    forced = [judged[n] for n in step.parents if judged[n].verdict is not Verdict.SAME]
    beside = [judged[n] for n in step.contents if judged[n].verdict is not Verdict.SAME]
    if not forced and not beside:
        return Judged(step=step, verdict=Verdict.SAME)
    roots = tuple(dict.fromkeys(n for found in (*forced, *beside) for n in found.roots))
    return Judged(step=step, verdict=Verdict.MAYBE, roots=roots)


def _new(step: ModelStep, before: Model) -> list[Change]:
    stages = {other.place for other in before.steps}
    if stages and step.place not in stages:
        return [Change(kind=Kind.TARGET, name=before.target or "another target")]
    return [Change(kind=Kind.STEP, name=step.text, after=step.text)]


def differences(before: ModelStep, after: ModelStep) -> list[Change]:
    """List what a step's key depends on that differs, files first."""
    return [
        *_changes(Kind.FILE, before.files, after.files, is_weak=False),
        *_changes(Kind.VALUE, before.own, after.own, is_weak=False),
        *_changes(Kind.FILE, before.weak_files, after.weak_files, is_weak=True),
        *_changes(Kind.VALUE, before.weak, after.weak, is_weak=True),
    ]


def _changes(kind: Kind, before: Facts, after: Facts, *, is_weak: bool) -> Iterable[Change]:
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            yield Change(kind=kind, name=name, before=old, after=new, is_weak=is_weak)


def _aligned(before: Model, after: Model) -> dict[int, ModelStep]:
    """Find for each step the one that it was before; by place in its stage, equal texts first."""
    found: dict[int, ModelStep] = {}
    old, new = _by_place(before), _by_place(after)
    for place, steps in new.items():
        _align(old.get(place, []), steps, found)
    return found


def _by_place(found: Model) -> dict[tuple[str, str], list[ModelStep]]:
    names = {step.place: step.stage for step in found.steps}
    counts: dict[tuple[str, str], list[ModelStep]] = {}
    for step in found.steps:
        key = step.platform.partition("/v")[0], names[step.place] or f"stage-{step.number}"
        counts.setdefault(key, []).append(step)
    return counts


def _align(old: list[ModelStep], new: list[ModelStep], found: dict[int, ModelStep]) -> None:
    texts: Callable[[list[ModelStep]], list[str]] = lambda steps: [s.text for s in steps]  # noqa: E731
    matcher = SequenceMatcher(a=texts(old), b=texts(new), autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            found |= {s.id: o for o, s in zip(old[start:end], new[first:last], strict=True)}
        elif tag == "replace":
            _pair(old[start:end], new[first:last], found)


def _pair(old: list[ModelStep], new: list[ModelStep], found: dict[int, ModelStep]) -> None:
    """Pair steps of one kind in their order; COPY and ADD are one kind."""
    waiting = list(old)
    for step in new:
        other = next((o for o in waiting if _kind(o) == _kind(step)), None)
        if other is not None:
            found[step.id] = other
            waiting = waiting[waiting.index(other) + 1 :]


def _kind(step: ModelStep) -> str:
    return "COPY" if step.keyword == "ADD" else step.keyword
