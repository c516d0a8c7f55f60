"""Step: how running code reports what it does, without knowing who listens."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from lamina.errors import LaminaError
from lamina.events import (
    Event,
    Outcome,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
)

Clock = Callable[[], float]
"""Seconds since the epoch."""

Listener = Callable[[Event], None]
"""Receives every event, from any thread, one at a time."""


def broadcast(listeners: tuple[Listener, ...]) -> Listener:
    """Make one listener of several; one that fails is dropped, and the build goes on."""
    lock = threading.Lock()
    alive = list(listeners)

    def listen(event: Event) -> None:
        with lock:
            for listener in tuple(alive):
                try:
                    listener(event)
                except Exception:  # noqa: BLE001 - an observer never fails a build
                    alive.remove(listener)

    return listen


class Step:
    """One piece of work; ``with step.child("…") as child:`` says when it starts and how it ends.

    Ids are numbers inside the parent, given in the order of the calls to :meth:`child`, so equal
    builds have equal ids when children are made before threads start.
    """

    def __init__(self, name: str, listener: Listener, clock: Clock, *, id_: str = "0") -> None:
        self.id = id_
        self.name = name
        self._listener = listener
        self._clock = clock
        self._children = 0
        self._outcome = Outcome.DONE

    def child(self, name: str) -> "Step":
        """Make a step below this one; it starts when it is entered."""
        number = self._children
        self._children += 1
        return Step(name, self._listener, self._clock, id_=f"{self.id}.{number}")

    def __enter__(self) -> Self:
        self._listener(StepStarted(step=self.id, time=self._clock(), name=self.name))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        outcome, text = self._outcome, ""
        if isinstance(error, Exception):
            outcome = Outcome.FAILED
            # What others say of an error may quote a secret, and events are kept and sent on.
            text = str(error) if isinstance(error, LaminaError) else type(error).__name__
        elif error is not None:
            outcome = Outcome.CANCELLED
        self._listener(StepFinished(step=self.id, time=self._clock(), outcome=outcome, error=text))

    def cached(self) -> None:
        """Say that nothing had to be done."""
        self._outcome = Outcome.CACHED

    def progress(self, current: int, total: int | None = None) -> None:
        """Say how many bytes are done, and of how many."""
        self._listener(
            StepProgressed(step=self.id, time=self._clock(), current=current, total=total)
        )

    def log(self, line: str) -> None:
        """Pass on a line of output."""
        self._listener(StepLogged(step=self.id, time=self._clock(), line=line))

    def warn(self, text: str) -> None:
        """Tell the user something that does not stop the build."""
        self._listener(StepWarned(step=self.id, time=self._clock(), text=text))

    def tell(self, fact: Callable[..., Event], **members: object) -> None:
        """Emit a fact for the history: ``step.tell(LayerBuilt, name=…, digest=…)``."""
        self._listener(fact(step=self.id, time=self._clock(), **members))


def silent_step() -> Step:
    """Make a step that nobody listens to, for tests and library use."""
    return Step("", lambda _: None, lambda: 0.0)
