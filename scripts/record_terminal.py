"""Record Lamina at work on a terminal: a real run, as one animated SVG (``python -m`` from here).

The programs run on a pseudo-terminal, and what they write is drawn as it was; only waiting is
shortened.  Frames stand beside each other and move by steps, equal rows are drawn once.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from tests.support.terminal import Run, Screen, Style, on_a_terminal

COLUMNS, LINES = 120, 34
_CELL, _ROW, _FONT = 8, 17, 13.3
_SHORT = 4
"""Texts up to this length need no length: no font is so much wider or narrower."""
_MARGIN, _BAR = 14, 30
_PROMPT = "$ "
_TYPING_S, _KEY_S, _LAST_S = 0.06, 0.9, 3.5
_LIVE_S, _LIVE_FRAMES = 4.5, 15
_BACK, _FRONT = "#14161c", "#d7dae0"
_PALETTE = ("#14161c", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0",
            "#7f848e", "#ef8891", "#b5e08f", "#f5d896", "#82c4ff", "#dd9bf0", "#7fd6e0",
            "#ffffff")  # fmt: skip
Rows = tuple[tuple[Run, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A command, and the keys that are pressed while it runs."""

    command: str
    keys: tuple[bytes, ...] = ()


SCENES = (
    Scene(command="lamina build . -t aml-agent:1"),
    Scene(
        command="lamina layers aml-agent:1 --tui",
        keys=(b"", b"\x1b[B", b"\x1b[B", b"\x1b[B", b"\x1b[H", b"\x1b[C", b"\x1b[B",
              b"/", b"t", b"e", b"s", b"t", b"s", b"\r", b"\x1b", b"w", b"w", b"q"),
    ),
    Scene(command="lamina weigh . | head -32"),
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """What was to be seen, and for how long it is shown."""

    rows: Rows
    seconds: float


def main() -> None:
    """Record a copy of a project, with a store that is empty at first."""
    parser = argparse.ArgumentParser(prog="python -m scripts.record_terminal", description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places = {
            "LAMINA_STORE": f"{folder}/store", "LAMINA_HISTORY": f"{folder}/history.db",
        }  # fmt: skip
        frames = [f for scene in SCENES for f in _play(scene, options.project, places)]
    options.output.write_text(svg(_merged(frames)), encoding="utf-8")


def _play(scene: Scene, project: Path, variables: Mapping[str, str]) -> Iterator[Frame]:
    screen = Screen(COLUMNS, LINES)
    screen.feed(_PROMPT)
    for letter in scene.command:
        screen.feed(letter)
        yield Frame(screen.rows(), _TYPING_S)
    yield Frame(screen.rows(), _KEY_S)
    screen.feed("\r\n")
    words = scene.command.replace("lamina", f"{sys.executable} -m lamina", 1)
    command = ["sh", "-c", f"cd {shlex.quote(str(project))} && {words}"]
    with on_a_terminal(
        command, columns=COLUMNS, lines=LINES, variables=variables, screen=screen
    ) as program:
        for key in scene.keys:
            if key:
                program.press(key)
            else:
                program.read_until("by size", timeout_s=120)
            program.settle()
            yield Frame(screen.rows(), _KEY_S if len(key) != 1 else _KEY_S / 2)
        live: list[Rows] = []
        while program.process.poll() is None:
            program.read(0.1)
            live.append(screen.rows())
        if program.end():
            raise SystemExit(screen.text)
    if not scene.keys:
        yield from _shortened(live)
    screen.feed(_PROMPT)
    yield Frame(screen.rows(), _LAST_S if not scene.keys else _KEY_S)


def _shortened(live: list[Rows]) -> Iterator[Frame]:
    """Show evenly chosen moments of a run, however long it took."""
    step = max(1, len(live) // _LIVE_FRAMES)
    chosen = live[::step]
    for rows in chosen:
        yield Frame(rows, _LIVE_S / len(chosen))


def _merged(frames: list[Frame]) -> list[Frame]:
    """Show what did not change once, for longer."""
    found: list[Frame] = []
    for frame in frames:
        if found and found[-1].rows == frame.rows:
            found[-1] = Frame(frame.rows, found[-1].seconds + frame.seconds)
        else:
            found.append(frame)
    return found


def svg(frames: list[Frame]) -> str:
    """Draw frames as one picture that plays for ever, or shows the last one where nothing moves."""
    width, height = COLUMNS * _CELL + 2 * _MARGIN, LINES * _ROW + _BAR + _MARGIN
    drawing = _Drawing()
    groups = [
        f'<g transform="translate({number * width:g})">{drawing.frame(frame.rows)}</g>'
        for number, frame in enumerate(frames)
    ]
    total = sum(frame.seconds for frame in frames)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" xml:space="preserve" role="img">\n'
        "<title>lamina build, layers --tui and weigh on a terminal</title>\n"
        f"<style>\n{_motion(frames, width, total)}\n{drawing.styles()}</style>\n"
        f"<defs>\n{drawing.definitions()}</defs>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{_BACK}"/>\n'
        + "".join(
            f'<circle cx="{_MARGIN + 6 + 18 * number}" cy="15" r="5" fill="#3a3f4b"/>\n'
            for number in range(3)
        )
        + f'<svg x="{_MARGIN}" y="{_BAR}" width="{COLUMNS * _CELL:g}" height="{LINES * _ROW}">'
        '<g class="film">\n' + "\n".join(groups) + "\n</g></svg>\n</svg>\n"
    )


def _motion(frames: list[Frame], width: float, total: float) -> str:
    steps, at = [], 0.0
    for number, frame in enumerate(frames):
        steps.append(f"{at / total:.3%}{{transform:translateX({-number * width:g}px)}}")
        at += frame.seconds
    last = -(len(frames) - 1) * width
    return (
        f"@keyframes play{{{''.join(steps)}100%{{transform:translateX({last:g}px)}}}}\n"
        f".film{{animation:play {total:.1f}s step-end infinite}}\n"
        f"@media(prefers-reduced-motion:reduce){{.film{{animation:none;"
        f"transform:translateX({last:g}px)}}}}\n"
        f"text{{font:{_FONT}px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;"
        f"fill:{_FRONT};white-space:pre}}"
    )


class _Drawing:
    """Draws rows, each different one once, and styles likewise."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Run, ...], int] = {}
        self._classes: dict[Style, int] = {}

    def frame(self, rows: Rows) -> str:
        """Refer to the rows of a frame."""
        return "".join(
            f'<use href="#r{self._rows.setdefault(row, len(self._rows))}" y="{number * _ROW}"/>'
            for number, row in enumerate(rows)
            if row
        )

    def definitions(self) -> str:
        """Draw all rows that were referred to."""
        return "".join(
            f'<g id="r{number}">{"".join(_boxes(row))}{"".join(map(self._text, row))}</g>\n'
            for row, number in self._rows.items()
        )

    def styles(self) -> str:
        """Describe all styles that were drawn; call it after the rows."""
        self.definitions()
        return "".join(f".s{number}{{{_css(s)}}}\n" for s, number in self._classes.items())

    def _text(self, run: Run) -> str:
        text = run.text.rstrip()
        if not text:
            return ""
        name = self._classes.setdefault(run.style, len(self._classes))
        length = f' textLength="{len(text) * _CELL}"' if len(text) > _SHORT else ""
        return (
            f'<text x="{run.column * _CELL}" y="{_ROW - 4}" class="s{name}"{length}>'
            f"{escape(text, quote=False)}</text>"
        )


def _boxes(row: tuple[Run, ...]) -> Iterator[str]:
    """Draw what is behind the texts of a row, as few boxes as there are colours."""
    for back, runs in groupby(row, key=lambda run: _colors(run.style)[1]):
        if back:
            cells = list(runs)
            start, end = cells[0].column, cells[-1].column + len(cells[-1].text)
            yield (
                f'<path fill="{back}" d="M{start * _CELL} 0h{(end - start) * _CELL}v{_ROW}'
                f'H{start * _CELL}"/>'
            )


def _colors(style: Style) -> tuple[str, str]:
    front, back = _color(style.front), _color(style.back)
    return (back or _BACK, front or _FRONT) if style.is_reverse else (front, back)


def _color(name: str) -> str:
    return _PALETTE[int(name)] if name.isdigit() else name


def _css(style: Style) -> str:
    front, _ = _colors(style)
    parts = (
        f"fill:{front}" if front else "",
        "font-weight:bold" if style.is_bold else "",
        "opacity:.65" if style.is_dim else "",
        "text-decoration:underline" if style.is_underlined else "",
    )
    return ";".join(part for part in parts if part)


if __name__ == "__main__":
    main()
