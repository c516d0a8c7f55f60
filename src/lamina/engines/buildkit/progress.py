"""What BuildKit says while it builds, as steps of ours."""

from collections.abc import Callable
from dataclasses import dataclass

from lamina.errors import ToolError
from lamina.steps import Step
from lamina.trace.detect import Reader
from lamina.trace.solve import Outcome, Solve, Vertex

_EVERY_S = 0.1
_KEPT_LINES = 20


@dataclass(slots=True)
class _Shown:
    """A vertex that was told of: its step, and how much of it."""

    step: Step
    lines: int = 0
    moved: int = -1
    is_over: bool = False


class Progress:
    """Reads the lines of a build and tells ``step`` of its vertices, each as a step below."""

    def __init__(self, step: Step, clock: Callable[[], float]) -> None:
        self._step = step
        self._clock = clock
        self._reader = Reader()
        self._shown: list[_Shown] = []
        self._last = 0.0
        self._solve: Solve | None = None
        self.rest: list[str] = []
        """The last lines that are no part of a build: what a client says when it cannot begin."""

    def feed(self, line: str) -> None:
        """Read a line."""
        now = self._clock()
        if not line.startswith(("{", "#")) and line.strip():
            self.rest = [*self.rest, line.rstrip()][-_KEPT_LINES:]
        for found in self._reader.feed(line.rstrip("\n"), now):
            self._tell(found.solve)
        if now - self._last >= _EVERY_S:
            self._last = now
            self._tell(self._reader.current(now))

    def close(self) -> Solve | None:
        """Tell the rest; return the build, None where none began."""
        self._tell(self._reader.current(self._clock()))
        for found in self._reader.close():
            self._tell(found.solve)
        for shown in self._shown:
            if not shown.is_over:
                shown.step.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
                shown.is_over = True
        return self._solve

    def _tell(self, solve: Solve | None) -> None:
        if solve is None:
            return
        self._solve = solve
        for number, vertex in enumerate(solve.vertices):
            if number == len(self._shown):
                child = self._step.child(vertex.name)
                child.__enter__()
                self._shown.append(_Shown(child))
            _update(self._shown[number], vertex)


def _update(shown: _Shown, vertex: Vertex) -> None:
    if shown.is_over:
        return
    new = vertex.log_lines - shown.lines
    for line in vertex.log[-new:] if new > 0 else ():
        shown.step.log(line)
    shown.lines = vertex.log_lines
    moved = sum(transfer.current for transfer in vertex.transfers)
    if moved > max(shown.moved, 0):
        known = [t.total for t in vertex.transfers if t.total is not None]
        shown.step.progress(moved, sum(known) if len(known) == len(vertex.transfers) else None)
        shown.moved = moved
    if vertex.outcome is Outcome.UNKNOWN:
        return
    shown.is_over = True
    _finish(shown.step, vertex)


def _finish(step: Step, vertex: Vertex) -> None:
    match vertex.outcome:
        case Outcome.FAILED:
            error = ToolError(vertex.error.splitlines()[0] if vertex.error else "failed")
            step.__exit__(type(error), error, None)
        case Outcome.CANCELLED:
            step.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        case Outcome.CACHED:
            step.cached()
            step.__exit__(None, None, None)
        case _:
            step.__exit__(None, None, None)
