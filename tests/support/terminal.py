"""A terminal that is not there: what a program writes to it becomes rows of styled text."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from select import select
from typing import Any, NamedTuple

from rich.cells import get_character_cell_size

_CSI = re.compile(r"\x1b\[([<-?]?)([\d;:]*)([ -/]*)([@-~])")
_OTHER = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[P_^][^\x1b]*\x1b\\|\x1b[()][A-Z0-9]|\x1b[^\[\]P_^]"
)
_BASIC, _BRIGHT, _CUBE, _GREYS = 8, 16, 232, 256
_ALTERNATE = 1049
"""The mode in which programs that fill the screen leave it as it was."""
_STEPS = {"A": (-1, 0), "B": (1, 0), "C": (0, 1), "D": (0, -1)}
_SWITCHES: dict[int, dict[str, Any]] = {
    0: {"front": "", "back": "", "is_bold": False, "is_dim": False, "is_underlined": False,
        "is_reverse": False},
    1: {"is_bold": True}, 2: {"is_dim": True}, 22: {"is_bold": False, "is_dim": False},
    4: {"is_underlined": True}, 24: {"is_underlined": False},
    7: {"is_reverse": True}, 27: {"is_reverse": False},
    39: {"front": ""}, 49: {"back": ""},
}  # fmt: skip
_QUIET_S = 0.4


class Style(NamedTuple):
    """How a cell looks; colours are ``#rrggbb``, the number of a basic one, or empty."""

    front: str = ""
    back: str = ""
    is_bold: bool = False
    is_dim: bool = False
    is_underlined: bool = False
    is_reverse: bool = False


class Run(NamedTuple):
    """Cells beside each other that look the same."""

    column: int
    text: str
    style: Style


class Screen:
    """The part of a terminal's language that rich and textual speak."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._row = self._column = 0
        self._style = Style()
        self._rest = ""
        self._cells = [self._blank() for _ in range(lines)]
        self._kept = self._cells

    @property
    def text(self) -> str:
        """All that is to be seen, without styles."""
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self._cells)

    def rows(self) -> tuple[tuple[Run, ...], ...]:
        """Return what is to be seen, row by row."""
        return tuple(tuple(_runs(row)) for row in self._cells)

    def feed(self, text: str) -> None:
        """Take what a program writes; a sequence may come in two parts."""
        text, self._rest = self._rest + text, ""
        position = 0
        while position < len(text):
            if text[position] != "\x1b":
                self._put(text[position])
                position += 1
                continue
            match = _CSI.match(text, position) or _OTHER.match(text, position)
            if match is None:
                self._rest = text[position:]
                return
            if match.re is _CSI:
                self._control(match[1], match[2], match[4])
            position = match.end()

    def _blank(self) -> list[tuple[str, Style]]:
        return [(" ", Style())] * self.columns

    def _put(self, character: str) -> None:
        match character:
            case "\r":
                self._column = 0
            case "\n":
                self._down()
            case "\b":
                self._column = max(0, self._column - 1)
            case _ if character.isprintable():
                self._write(character)
            case _:
                pass

    def _write(self, character: str) -> None:
        width = get_character_cell_size(character)
        if not width:
            return
        if self._column + width > self.columns:
            self._column = 0
            self._down()
        row = self._cells[self._row]
        row[self._column : self._column + width] = [(character, self._style)] + [
            ("", self._style)
        ] * (width - 1)
        self._column += width

    def _down(self) -> None:
        if self._row + 1 < self.lines:
            self._row += 1
        else:
            self._cells = [*self._cells[1:], self._blank()]

    def _control(self, private: str, words: str, final: str) -> None:
        numbers = [int(word or 0) for word in words.replace(":", ";").split(";")]
        first = max(1, numbers[0])
        match private, final:
            case "", "m":
                self._style = _styled(self._style, numbers)
            case "", "A" | "B" | "C" | "D":
                rows, columns = _STEPS[final]
                self._go(self._row + rows * first, self._column + columns * first)
            case "", "G":
                self._go(self._row, first - 1)
            case "", "H":
                self._go(first - 1, max(1, (*numbers, 1)[1]) - 1)
            case "", "J" | "K":
                self._erase(final, numbers[0])
            case "?", "h" | "l" if numbers[0] == _ALTERNATE:
                self._alternate(is_on=final == "h")
            case _:
                pass

    def _go(self, row: int, column: int) -> None:
        self._row = max(0, min(row, self.lines - 1))
        self._column = max(0, min(column, self.columns - 1))

    def _erase(self, what: str, how: int) -> None:
        row = self._cells[self._row]
        start, end = (self._column if how == 0 else 0), (self._column + 1 if how == 1 else None)
        row[start:end] = self._blank()[start:end]
        if what == "J":
            lost = range(self._row + 1, self.lines) if how == 0 else range(self.lines)
            for number in lost:
                self._cells[number] = self._blank()

    def _alternate(self, *, is_on: bool) -> None:
        if is_on:
            self._kept, self._cells = self._cells, [self._blank() for _ in range(self.lines)]
        else:
            self._cells = self._kept


def _runs(row: Sequence[tuple[str, Style]]) -> Iterator[Run]:
    column = 0
    for style, cells in groupby(row, key=lambda cell: cell[1]):
        texts = [text for text, _ in cells]
        if any(text != " " for text in texts) or style.back or style.is_reverse:
            yield Run(column, "".join(texts), style)
        column += len(texts)


def _styled(style: Style, numbers: Sequence[int]) -> Style:
    """Follow an SGR sequence (ECMA-48, 8.3.117)."""
    left = list(numbers)
    while left:
        number = left.pop(0)
        if number in {38, 48}:
            color = _color(left)
            style = style._replace(front=color) if number == 38 else style._replace(back=color)
        elif number in _SWITCHES:
            style = style._replace(**_SWITCHES[number])
        else:
            style = _basic(style, number)
    return style


def _basic(style: Style, number: int) -> Style:
    tens, digit = divmod(number, 10)
    bright = _BASIC if tens in {9, 10} else 0
    match tens:
        case 3 | 9:
            return style._replace(front=str(digit + bright))
        case 4 | 10:
            return style._replace(back=str(digit + bright))
        case _:
            return style


def _color(left: list[int]) -> str:
    """Take an indexed or a direct colour off the numbers."""
    if left.pop(0) == 2:
        red, green, blue = (left.pop(0) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    index = left.pop(0)
    if index < _BRIGHT:
        return str(index)
    if index < _CUBE:
        levels = [(index - _BRIGHT) // 36, (index - _BRIGHT) // 6 % 6, (index - _BRIGHT) % 6]
        return "#" + "".join(f"{level * 40 + 55 if level else 0:02x}" for level in levels)
    return "#" + f"{(index - _CUBE) * 10 + 8:02x}" * 3


class Program:
    """A program on a terminal of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int, screen: Screen) -> None:
        self.process, self._terminal, self.screen = process, terminal, screen
        self.written = b""
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def press(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._terminal, keys)

    def read(self, timeout_s: float) -> bool:
        """Take what it writes next; False when nothing came in time, or it has ended."""
        if not select([self._terminal], [], [], timeout_s)[0]:
            return False
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # nobody is at the other end any more
            return False
        self.written += data
        self.screen.feed(self._decoder.decode(data))
        return bool(data)

    def settle(self, *, quiet_s: float = _QUIET_S) -> None:
        """Read until nothing comes for a while."""
        while self.read(quiet_s):
            pass

    def read_until(self, text: str, *, timeout_s: float = 60) -> None:
        """Read until something is to be seen."""
        deadline = time.monotonic() + timeout_s
        while text not in self.screen.text:
            assert time.monotonic() < deadline, f"{text!r} does not come:\n{self.screen.text}"
            self.read(0.1)

    def end(self, *, timeout_s: float = 60) -> int:
        """Read until it ends, and return its exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.screen.text}"
            self.read(0.1)
        self.settle(quiet_s=0)
        return self.process.returncode


@contextmanager
def on_a_terminal(
    command: Sequence[str | Path],
    *,
    columns: int = 120,
    lines: int = 30,
    variables: Mapping[str, str] | None = None,
    screen: Screen | None = None,
) -> Iterator[Program]:
    """Run a program on a terminal while the block runs; then it is killed, should it still run.

    ``variables`` are put into its environment.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    known = {**os.environ, **(variables or {}), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={name: value for name, value in known.items() if name not in {"COLUMNS", "LINES"}},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Program(process, ours, screen or Screen(columns, lines))
    finally:
        process.kill()
        process.wait()
        os.close(ours)
