"""A comparison as values: what was built, how, how long it took, and what came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

from lamina.plan.component import Component


class Scenario(StrEnum):
    """What a build finds when it begins.

    ``CLEAN`` finds nothing of earlier builds.  ``CACHED`` finds those of this machine, and one line
    of the source changed.  Those of CI find an empty machine and one line of the source changed,
    and end when the image is pushed: ``CI_EMPTY`` to a registry that holds nothing either,
    ``CI_KEPT`` to one that holds an earlier image and what its builder keeps there for others.
    """

    CLEAN = "clean build"
    CACHED = "cache hit"
    CI_EMPTY = "CI, nothing cached anywhere"
    CI_KEPT = "CI, with what the registry keeps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of an image: unpacked by component, ``dead`` those that a later layer hides.

    ``packed`` are the compressed layers, 0 where the engine does not keep them.
    """

    components: Mapping[Component, int]
    dead: int = 0
    packed: int = 0

    @property
    def total(self) -> int:
        """All bytes that a machine unpacks."""
        return sum(self.components.values()) + self.dead


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way to build: seconds of every round by scenario, and the image's sizes."""

    label: str
    seconds: Mapping[Scenario, tuple[float, ...]] = field(default_factory=dict)
    sizes: Sizes | None = None

    def time(self, scenario: Scenario) -> float | None:
        """Return the median of the rounds, None for what was not measured."""
        rounds = self.seconds.get(scenario, ())
        return median(rounds) if rounds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The sides of a comparison, ``before`` first, and what a reader has to know about them."""

    project: str
    before: Side | None
    after: tuple[Side, ...]
    notes: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides, in the order of columns."""
        return ((self.before,) if self.before else ()) + self.after


def saved(before: float | None, after: float | None) -> float | None:
    """Return the share that is gone, between 0 and 1; below 0 where it has become more."""
    return None if not before or after is None else 1 - after / before
