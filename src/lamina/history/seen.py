"""What an event stream says about each step, in whatever order its events come."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from lamina.events import (
    BlobTransferred,
    Event,
    Outcome,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
    Transfer,
    WheelFetched,
)

LOG_LINES = 50
"""How much of a failing step's output is kept."""


@dataclass(slots=True, kw_only=True)
class SeenStep:
    """One step as far as it was heard of; ``outcome`` is None while it has not ended."""

    id: str
    name: str = ""
    started: float | None = None
    first: float
    last: float
    outcome: Outcome | None = None
    error: str = ""
    bytes: int = 0
    log: "deque[str]" = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    warnings: list[str] = field(default_factory=list)

    @property
    def begin(self) -> float:
        """When it started, or was first heard of."""
        return self.first if self.started is None else self.started

    def hear(self, event: Event) -> None:
        """Take in one event of this step."""
        self.first, self.last = min(self.first, event.time), max(self.last, event.time)
        match event:
            case StepStarted():
                self.name, self.started = event.name, event.time
            case StepFinished():
                self.outcome, self.error, self.last = event.outcome, event.error, event.time
            case StepProgressed():
                self.bytes = max(self.bytes, event.current)
            case StepLogged():
                self.log.append(event.line)
            case StepWarned():
                self.warnings.append(event.text)
            case WheelFetched():
                self.bytes = max(self.bytes, event.size)
            case BlobTransferred() if event.transfer is Transfer.UPLOADED:
                self.bytes = max(self.bytes, event.size)
            case _:
                pass


def see(events: Iterable[Event]) -> dict[str, SeenStep]:
    """Sort events by their step, and steps by their place in the tree."""
    steps: dict[str, SeenStep] = {}
    for event in events:
        step = steps.get(event.step)
        if step is None:
            step = SeenStep(id=event.step, first=event.time, last=event.time)
            steps[event.step] = step
        step.hear(event)
    return dict(sorted(steps.items(), key=lambda item: place(item[0])))


def place(id_: str) -> tuple[tuple[int, ...], str]:
    """Return what puts ids in the order of the tree: 0.2 before 0.10."""
    return tuple(map(int, re.findall("[0-9]{1,9}", id_))), id_


def ancestors(id_: str) -> Iterable[str]:
    """Yield the ids above ``id_``, the nearest first.

    >>> list(ancestors("0.1.2"))
    ['0.1', '0']
    """
    while "." in id_:
        id_ = id_.rpartition(".")[0]
        yield id_
