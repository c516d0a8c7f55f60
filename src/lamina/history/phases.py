"""Phases: how a build's time divides into planning, fetching, executing, exporting, pushing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from lamina.history.intervals import Interval, length, merged, without
from lamina.history.record import StepKind, StepRecord

PHASES: Final = (
    "plan", "context", "base", "cache import", "fetch", "execute", "check", "export",
    "cache export", "push", "other",
)  # fmt: skip
"""Every phase, in the order of a build."""

_EXECUTED: Final = (
    StepKind.BUILD, StepKind.WHEEL, StepKind.LAYER, StepKind.RUN, StepKind.COPY, StepKind.ADD,
    StepKind.WORKDIR, StepKind.LINK,
)  # fmt: skip
_PHASE_OF: Final[Mapping[StepKind, str]] = {
    StepKind.PLAN: "plan",
    StepKind.CONTEXT: "context",
    StepKind.INTERNAL: "context",
    StepKind.BASE: "base",
    StepKind.FROM: "base",
    StepKind.CACHE_IMPORT: "cache import",
    StepKind.FETCH: "fetch",
    StepKind.CHECK: "check",
    StepKind.EXPORT: "export",
    StepKind.CACHE_EXPORT: "cache export",
    StepKind.PUSH: "push",
    StepKind.AUTH: "context",
    **dict.fromkeys(_EXECUTED, "execute"),
}


def phase_of(kind: StepKind) -> str:
    """Say which phase a kind of step belongs to."""
    return _PHASE_OF.get(kind, "other")


def phase_seconds(
    steps: Sequence[StepRecord], active: Mapping[str, Sequence[Interval]], total: float
) -> dict[str, float]:
    """Measure each phase: the union of its steps' own intervals, without those of their parts.

    ``active`` holds each step's intervals by its id.  What no step covers of ``total`` seconds is
    ``other``.  Phases that took no time are left out.
    """
    of_parts: dict[str, list[Interval]] = defaultdict(list)
    for step in steps:
        of_parts[step.parent] += active.get(step.id, ())
    own: dict[str, list[Interval]] = defaultdict(list)
    for step in steps:
        own[phase_of(step.kind)] += without(active.get(step.id, ()), of_parts[step.id])
    everything = merged(interval for intervals in own.values() for interval in intervals)
    own["other"] += without([(0.0, total)], everything)
    seconds = {phase: length(own[phase]) for phase in PHASES if phase in own}
    return {phase: value for phase, value in seconds.items() if value > 0}
