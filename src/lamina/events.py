"""Everything a build can say about itself, as frozen dataclasses (after BuildKit's SolveStatus)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from lamina.oci.digest import Digest
from lamina.plan.component import Component

BESIDE: Final = "push ahead"
"""The name of a step that runs beside the others, and that none waits for."""


class Outcome(StrEnum):
    """How a step ended."""

    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvent:
    """What all events share: the step's id and the seconds since the epoch."""

    step: str
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(StepEvent):
    """A step began; its parent is its id without the last number."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgressed(StepEvent):
    """A step has done ``current`` of ``total`` bytes; ``total`` is None while unknown."""

    current: int
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLogged(StepEvent):
    """A line of output for people who watch."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWarned(StepEvent):
    """Something the user should know, which does not stop the build."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(StepEvent):
    """A step ended; ``error`` is one line when it failed."""

    outcome: Outcome
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDecided(StepEvent):
    """A platform's plan is known: its key, and how many layers and wheels it has.

    ``inputs`` are what each of its parts is made of (see ``plan/inputs.py``).
    """

    platform: str
    key: str
    layers: int
    wheels: int
    project: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFetched(StepEvent):
    """A wheel is in the store; ``size`` bytes came over the network, 0 when it was there."""

    name: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerBuilt(StepEvent):
    """A layer is in the store: built now, or found by its key.

    ``part`` is what the plan calls it, which stays when versions change; ``component`` is what its
    bytes are for.
    """

    name: str
    digest: Digest
    size: int
    cached: bool
    part: str = ""
    component: Component = Component.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuilt(StepEvent):
    """A platform's image is known: its manifest's digest, and the bytes of all its layers."""

    platform: str
    digest: Digest
    size: int


class Transfer(StrEnum):
    """How a blob came into a repository."""

    UPLOADED = "uploaded"
    MOUNTED = "mounted"
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobTransferred(StepEvent):
    """A repository has a blob: ``size`` bytes were sent, taken over there, or there already."""

    digest: Digest
    size: int
    transfer: Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePublished(StepEvent):
    """A destination holds the image."""

    destination: str
    digest: Digest


Event = (
    StepStarted
    | StepProgressed
    | StepLogged
    | StepWarned
    | StepFinished
    | PlanDecided
    | WheelFetched
    | LayerBuilt
    | ImageBuilt
    | BlobTransferred
    | ImagePublished
)


def event_to_json(event: Event) -> dict[str, Any]:
    """Turn an event into the JSON object that ``--progress rawjson`` prints, one a line."""
    members: dict[str, Any] = {"event": type(event).__name__}
    for name in event.__dataclass_fields__:
        value = getattr(event, name)
        members[name] = str(value) if isinstance(value, Digest | StrEnum) else value
    return members
