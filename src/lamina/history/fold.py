"""Fold: the events of one build → its record; pure, and content with any part of a stream."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lamina.events import (
    BlobTransferred,
    Event,
    ImageBuilt,
    ImagePublished,
    Outcome,
    PlanDecided,
    WheelFetched,
)
from lamina.history.layer_units import layer_units
from lamina.history.native_steps import kind_of, platform_of, with_inputs
from lamina.history.phases import phase_seconds
from lamina.history.record import (
    BuildOutcome,
    BuildRecord,
    ImageRecord,
    PublicationRecord,
    StepKind,
    StepOutcome,
    StepRecord,
    TransferRecord,
    WheelRecord,
)
from lamina.history.seen import SeenStep, ancestors, see

_ROOT: Final = "0"
_OUTCOMES: Final = {
    None: BuildOutcome.INTERRUPTED,
    Outcome.DONE: BuildOutcome.DONE,
    Outcome.CACHED: BuildOutcome.DONE,
    Outcome.FAILED: BuildOutcome.FAILED,
    Outcome.CANCELLED: BuildOutcome.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of a build before it starts; the members are those of ``BuildRecord``."""

    id: str
    kind: str = "build"
    engine: str = ""
    tool: str = ""
    project: str = ""
    names: tuple[str, ...] = ()
    branch: str = ""
    revision: str = ""
    ci: str = ""
    host: str = ""


def fold(header: Header, events: Iterable[Event]) -> BuildRecord:
    """Make the record of a build of ours from what it said.

    A stream that ends before the command's own step does is a build that was killed:
    ``INTERRUPTED``.  No order of events and no gap between them is an error.
    """
    told = list(events)
    seen = see(told)
    root = seen.pop(_ROOT, None)
    started = _started(told, root)
    ended = max((event.time for event in told), default=started)
    steps = [_step(step, seen, started, ended) for step in seen.values()]
    layers, units = layer_units(told, steps)
    steps = [*steps, *(unit for unit in units if unit.id not in seen)]
    by_id = {step.id: step for step in (*steps, *units)}
    numbered = with_inputs(_numbered([by_id[step.id] for step in steps]), layers)
    total = max(0.0, (root.last if root and root.outcome else ended) - started)
    active = {id_: [_interval(step, started, ended)] for id_, step in seen.items()}
    return replace(
        _facts(header, told),
        started=max(0.0, started),
        seconds=total,
        outcome=_OUTCOMES[root.outcome if root else None],
        error=root.error if root else "",
        steps=numbered,
        layers=layers,
        phases=phase_seconds(numbered, active, total),
        warnings=tuple(root.warnings) if root else (),
    )


def _started(told: Sequence[Event], root: SeenStep | None) -> float:
    if root is not None and root.started is not None:
        return root.started
    return min((event.time for event in told), default=0.0)


def _interval(step: SeenStep, started: float, ended: float) -> tuple[float, float]:
    """Return when a step was active, counted from the build's start; one that never ended is."""
    end = ended if step.outcome is None else step.last
    return max(0.0, step.begin - started), max(0.0, end - started)


def _step(step: SeenStep, seen: dict[str, SeenStep], started: float, ended: float) -> StepRecord:
    above = [id_ for id_ in ancestors(step.id) if id_ in seen]
    kind = kind_of(step.name, is_top=not above)
    if kind is StepKind.EXPORT and any(
        other.name.startswith("push ") and step.id in ancestors(id_) for id_, other in seen.items()
    ):
        kind = StepKind.PUSH
    begin, end = _interval(step, started, ended)
    has_ended_well = step.outcome in {Outcome.DONE, Outcome.CACHED}
    return StepRecord(
        id=step.id,
        name=step.name,
        kind=kind,
        outcome=StepOutcome(step.outcome) if step.outcome else StepOutcome.UNFINISHED,
        parent=above[0] if above else "",
        platform=platform_of(seen[above[-1]].name if above else step.name),
        text=step.name.removeprefix("layer ") if kind is StepKind.LAYER else step.name,
        started=begin,
        seconds=max(0.0, end - begin),
        bytes=step.bytes,
        error=step.error,
        log=() if has_ended_well else tuple(step.log),
        warnings=tuple(step.warnings),
    )


def _numbered(steps: Sequence[StepRecord]) -> list[StepRecord]:
    """Count the steps that are otherwise called the same."""
    counts: Counter[tuple[str, str, str]] = Counter()
    found = []
    for step in steps:
        called = (step.platform, step.stage, step.text)
        found.append(replace(step, ordinal=counts[called]))
        counts[called] += 1
    return found


def _facts(header: Header, told: Sequence[Event]) -> BuildRecord:
    plans = sorted((e for e in told if isinstance(e, PlanDecided)), key=_place)
    images = sorted((e for e in told if isinstance(e, ImageBuilt)), key=_place)
    platforms = [*(plan.platform for plan in plans), *(image.platform for image in images)]
    published = [event for event in told if isinstance(event, ImagePublished)]
    return BuildRecord(
        id=header.id,
        started=0.0,
        kind=header.kind,
        engine=header.engine,
        tool=header.tool,
        project=next((plan.project for plan in plans if plan.project), header.project),
        names=header.names,
        branch=header.branch,
        revision=header.revision,
        ci=header.ci,
        host=header.host,
        platforms=tuple(dict.fromkeys(platforms)),
        wheels=tuple(
            WheelRecord(name=event.name, digest=str(event.digest), bytes=max(0, event.size))
            for event in told
            if isinstance(event, WheelFetched)
        ),
        transfers=tuple(
            TransferRecord(
                digest=str(event.digest), size=max(0, event.size), how=str(event.transfer)
            )
            for event in told
            if isinstance(event, BlobTransferred)
        ),
        images=tuple(
            ImageRecord(digest=str(event.digest), platform=event.platform, size=max(0, event.size))
            for event in images
        ),
        publications=tuple(
            PublicationRecord(destination=event.destination, digest=str(event.digest))
            for event in published
        ),
        fingerprint=_fingerprint(plans),
    )


def _place(event: PlanDecided | ImageBuilt) -> list[tuple[int, str]]:
    """Give the place of an event's step: platforms are planned together, and end in any order."""
    return [(len(part), part) for part in event.step.split(".")]


def _fingerprint(plans: Sequence[PlanDecided]) -> dict[str, object] | None:
    """Keep what each platform's plan was made of, for ``lamina explain``."""
    found = {plan.platform: dict(plan.inputs) for plan in plans if plan.inputs}
    return {"kind": "native", "format": 1, "platforms": found} if found else None
