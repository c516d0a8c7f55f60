"""When to stop: the time budget is used up, or the service is shutting down."""

import time
from dataclasses import dataclass, field
from threading import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A time budget in seconds, which begins when the value is made, and a way to end it early."""

    budget_s: float
    cancelled: Event = field(default_factory=Event)
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the budget began."""
        return time.monotonic() - self.started

    @property
    def remaining_s(self) -> float:
        """Seconds left, never negative; 0 once cancelled."""
        return 0.0 if self.is_cancelled() else max(0.0, self.budget_s - self.elapsed_s)

    def is_cancelled(self) -> bool:
        """Whether all work should stop at once, with or without a result."""
        return self.cancelled.is_set()

    def has_passed(self) -> bool:
        """Whether work should stop and make do with what it has."""
        return self.remaining_s == 0.0
