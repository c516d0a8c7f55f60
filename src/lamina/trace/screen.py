"""What the user sees in place of rawjson: lines for logs, rows for terminals."""

import os
import re
import select
from collections.abc import Callable
from typing import Protocol

from lamina.trace import live
from lamina.trace.command import Display
from lamina.trace.rawjson import StatusReader
from lamina.trace.render import PlainRenderer
from lamina.trace.solve import Solve

_PLAIN_EVERY_S = 0.1
_FRAMES_EVERY_S = 0.1
_USUAL_SIZE = os.terminal_size((80, 24))
_NUMBERED = re.compile(r"#\d+ ")


class Screen(Protocol):
    """Shows a build that is being read."""

    def feed(self, text: str) -> None:
        """Take a line of the builder in."""

    def draw(self, known: Callable[[], Solve | None], *, now: float, is_last: bool) -> None:
        """Show what is known, which is only asked for if it is time to."""


def screen(display: Display, stream: int) -> Screen:
    """Make the display, which writes to the descriptor ``stream``."""
    return LiveScreen(stream) if display is Display.LIVE else PlainScreen(stream)


class PlainScreen:
    """The lines of plain progress; what is no progress is passed on between them."""

    def __init__(self, stream: int) -> None:
        self._stream = stream
        self._reader = StatusReader()
        self._renderer = PlainRenderer()
        self._drawn = 0.0

    def feed(self, text: str) -> None:
        """Take a line in; a line that is no JSON is printed after what came before it."""
        status = self._reader.feed(text)
        if status is not None:
            self._renderer.update(status)
        elif not self._reader.is_within and text not in {"{", "}"}:
            is_over = self._renderer.is_failed
            lines = self._renderer.close() if is_over else self._renderer.lines()
            _write(self._stream, [*lines, text])

    def draw(
        self,
        known: Callable[[], Solve | None],  # noqa: ARG002 - lines come from statuses
        *,
        now: float,
        is_last: bool,
    ) -> None:
        """Print the lines that are due, a few times a second as BuildKit does."""
        if is_last:
            _write(self._stream, self._renderer.close())
        elif now - self._drawn >= _PLAIN_EVERY_S:
            self._drawn = now
            _write(self._stream, self._renderer.lines())


class LiveScreen:
    """Rows that are drawn again and again; other lines scroll away above them."""

    def __init__(self, stream: int) -> None:
        self._stream = stream
        self._reader = StatusReader()
        self._rows = 0
        self._drawn = 0.0
        self._others: list[str] = []

    def feed(self, text: str) -> None:
        """Take a line in; only those that are no progress are kept, to be printed."""
        status = self._reader.feed(text)
        is_progress = status is not None or self._reader.is_within or _NUMBERED.match(text)
        if not is_progress and text not in {"", "{", "}"}:
            self._others.append(text)

    def draw(self, known: Callable[[], Solve | None], *, now: float, is_last: bool) -> None:
        """Draw the frame in place of the one before."""
        if not is_last and now - self._drawn < _FRAMES_EVERY_S:
            return
        self._drawn = now
        text = live.erase(self._rows)
        others = "".join(f"{line}\n" for line in self._others)
        self._others.clear()
        shown = ""
        solve = known()
        if solve is not None:
            columns, lines = _size(self._stream)
            seconds = now - solve.started if solve.started is not None else solve.seconds or 0.0
            shown = live.draw(
                solve, seconds=max(seconds, 0.0), width=columns, height=lines, is_last=is_last
            )
        text += shown + others if is_last else others + shown
        self._rows = 0 if is_last else shown.count("\n")
        _write_text(self._stream, text)


def _size(stream: int) -> os.terminal_size:
    try:
        size = os.get_terminal_size(stream)
    except OSError:
        return _USUAL_SIZE
    return size if size.columns and size.lines else _USUAL_SIZE


def _write(stream: int, lines: list[str]) -> None:
    _write_text(stream, "".join(f"{line}\n" for line in lines))


def _write_text(stream: int, text: str) -> None:
    write_all(stream, text.encode("utf-8", "replace"))  # if nobody looks, the build goes on


def write_all(stream: int, data: bytes) -> bool:
    """Write to a descriptor, which may be a non-blocking one; say whether it is still read."""
    view = memoryview(data)
    try:
        while view:
            try:
                view = view[os.write(stream, view) :]
            except BlockingIOError:
                _wait_for_room(stream)
    except OSError:
        return False
    return True


def _wait_for_room(stream: int) -> None:
    waiting = select.poll()
    waiting.register(stream, select.POLLOUT)
    waiting.poll()
