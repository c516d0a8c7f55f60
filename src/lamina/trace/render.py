"""Plain progress from rawjson: the lines that BuildKit itself would have printed, made here."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lamina.trace.sizes import format_size
from lamina.trace.status import LogUpdate, SolveStatus, StatusUpdate, VertexUpdate

_HIDDEN_AT_MOST_S = 10.0
_QUIET_AT_MOST_S = 5.0
_PROGRESS_EVERY_S = 5.0
_PROGRESS_STEP = 0.05
_SHOWN_TIME_S = 0.01


@dataclass(slots=True, kw_only=True)
class _Shown:
    """A vertex as the reader of the lines knows it, and what is still to be printed of it."""

    name: str
    number: int = 0
    spans: dict[float, float | None] = field(default_factory=dict)
    is_cached: bool = False
    error: str = ""
    pending: list[str] = field(default_factory=list)
    progress: dict[str, str] = field(default_factory=dict)
    partial: str = ""
    last: dict[str, StatusUpdate] = field(default_factory=dict)
    tail: list[str] = field(default_factory=list)
    is_changed: bool = False
    waiting_since: float = 0.0
    heard: float = 0.0

    @property
    def is_completed(self) -> bool:
        """Say whether it has stopped, perhaps to go on later."""
        return bool(self.spans) and None not in self.spans.values()

    def take(self) -> list[str]:
        """Return what is to be printed: the last of each progress, then its output."""
        found = [*self.progress.values(), *self.pending]
        self.progress.clear()
        self.pending.clear()
        return found


class PlainRenderer:
    """Takes statuses in and gives lines out; one vertex has the floor until it ends or is silent.

    :meth:`lines` may be called after each status or, as BuildKit does, a few times a second.
    """

    def __init__(self) -> None:
        self._vertices: dict[str, _Shown] = {}
        self._group_of: dict[str, str] = {}
        self._current: _Shown | None = None
        self._is_first = True
        self._numbers = 0
        self._is_closed = False
        self._now = 0.0

    def update(self, status: SolveStatus) -> None:
        """Take in what changed."""
        for vertex in status.vertices:
            self._vertex(vertex)
        for part in status.statuses:
            self._status(part)
        for warning in status.warnings:
            if shown := self._find(warning.vertex):
                self._say(shown, f"WARN: {warning.text}")
        for log in status.logs:
            self._log(log)

    def lines(self) -> list[str]:
        """Return the lines that are due."""
        found: list[str] = []
        waiting = [v for v in self._vertices.values() if v.is_changed]
        done = sorted((v for v in waiting if v.is_completed), key=_end)
        for vertex in sorted(done, key=lambda v: v is not self._current):
            found += self._print(vertex)
        active = [v for v in waiting if not v.is_completed]
        chosen = self._choose(active)
        if chosen is not None:
            found += self._print(chosen)
        return found

    def close(self) -> list[str]:
        """Return what is left, and once the output of what failed, as BuildKit repeats it."""
        found = self.lines()
        for vertex in list(self._vertices.values()):
            if vertex.is_changed:
                found += self._print(vertex)
        if not self._is_closed:
            for vertex in filter(_has_failed, self._vertices.values()):
                found += ["------", f" > {vertex.name}:", *vertex.tail, "------"]
        self._is_closed = True
        return found

    @property
    def is_failed(self) -> bool:
        """Say whether a step failed and nothing goes on any more."""
        vertices = self._vertices.values()
        return any(map(_has_failed, vertices)) and all(v.is_completed for v in vertices)

    def _choose(self, active: list[_Shown]) -> _Shown | None:
        """Pick who speaks: who has the floor, unless another has waited long or it is silent."""
        current = self._current
        overdue = [
            v
            for v in active
            if v is not current and self._now - v.waiting_since > _HIDDEN_AT_MOST_S
        ]
        if current is None or current.is_completed:
            return max(active, key=lambda v: len(v.pending), default=None)
        if overdue:
            return min(overdue, key=lambda v: v.waiting_since)
        if current not in active and self._now - current.heard > _QUIET_AT_MOST_S:
            return min(active, key=lambda v: v.waiting_since, default=None)
        return current if current in active else None

    def _print(self, vertex: _Shown) -> Iterator[str]:
        if vertex is not self._current:
            if self._current is not None:
                yield f"#{self._current.number} ..."
            if not self._is_first:
                yield ""
            self._is_first = False
            if not vertex.number:
                self._numbers += 1
                vertex.number = self._numbers
            yield f"#{vertex.number} {vertex.name}"
        self._current = vertex
        yield from (f"#{vertex.number} {text}" for text in vertex.take())
        vertex.is_changed = False
        if vertex.is_completed:
            if vertex.partial:
                yield f"#{vertex.number} {vertex.partial}"
                vertex.partial = ""
            yield f"#{vertex.number} {_verdict(vertex)}"
            self._current = None

    def _vertex(self, update: VertexUpdate) -> None:
        id_ = update.group or update.digest
        self._group_of[update.digest] = id_
        if update.started is None:
            return
        shown = self._vertices.get(id_)
        if shown is None:
            shown = self._vertices[id_] = _Shown(name=update.name)
        self._hear(shown, update.completed or update.started)
        shown.spans[update.started] = update.completed
        shown.is_cached = update.is_cached
        shown.error = update.error

    def _status(self, update: StatusUpdate) -> None:
        shown = self._find(update.vertex)
        if shown is None:
            return
        last = shown.last.get(update.id)
        if last is None or update.completed is not None or _has_moved(last, update):
            shown.last[update.id] = update
            self._hear(shown, update.timestamp)
            shown.progress[update.id] = _progress(update)

    def _log(self, update: LogUpdate) -> None:
        shown = self._find(update.vertex)
        if shown is None:
            return
        self._hear(shown, update.timestamp)
        begin = max(shown.spans, default=self._now)
        stamp = _offset(max(0.0, (update.timestamp or self._now) - begin))
        *whole, rest = update.data.decode("utf-8", "replace").split("\n")
        for line in whole:
            text = f"{shown.partial}{line}" if shown.partial else f"{stamp} {line}"
            shown.partial = ""
            self._say(shown, text)
            shown.tail = [*shown.tail[-9:], text]
        if rest:
            shown.partial = f"{shown.partial}{rest}" if shown.partial else f"{stamp} {rest}"

    def _find(self, digest: str) -> _Shown | None:
        return self._vertices.get(self._group_of.get(digest, ""))

    def _say(self, shown: _Shown, text: str) -> None:
        self._hear(shown, None)
        shown.pending.append(text)

    def _hear(self, shown: _Shown, at: float | None) -> None:
        self._now = max(self._now, at or 0.0)
        if not shown.is_changed:
            shown.waiting_since = self._now
        shown.heard = self._now
        shown.is_changed = True


def _has_failed(vertex: _Shown) -> bool:
    return bool(vertex.error) and not vertex.error.endswith("context canceled")


def _end(vertex: _Shown) -> float:
    return max((end or 0.0 for end in vertex.spans.values()), default=0.0)


def _verdict(vertex: _Shown) -> str:
    if vertex.error:
        is_cancelled = vertex.error.endswith("context canceled")
        return "CANCELED" if is_cancelled else f"ERROR: {vertex.error}"
    if vertex.is_cached:
        return "CACHED"
    seconds = sum((end or begin) - begin for begin, end in vertex.spans.items())
    return f"DONE {seconds:.1f}s"


def _progress(update: StatusUpdate) -> str:
    text = update.id
    if update.total:
        text += f" {format_size(update.current)} / {format_size(update.total)}"
    elif update.current:
        text += f" {format_size(update.current)}"
    end = update.completed if update.completed is not None else update.timestamp
    if update.started is not None and end is not None and end - update.started > _SHOWN_TIME_S:
        text += f" {end - update.started:.1f}s"
    return f"{text} done" if update.completed is not None else text


def _has_moved(last: StatusUpdate, update: StatusUpdate) -> bool:
    """Say whether progress is worth a line: a twentieth of the whole, or some seconds later."""
    share = (update.current - last.current) / update.total if update.total else 0.0
    seconds = (update.timestamp or 0.0) - (last.timestamp or 0.0)
    return share >= _PROGRESS_STEP or seconds >= _PROGRESS_EVERY_S


def _offset(seconds: float) -> str:
    digits = 3 if seconds < 10 else 2 if seconds < 100 else 1  # noqa: PLR2004 - four figures
    return f"{seconds:.{digits}f}"
