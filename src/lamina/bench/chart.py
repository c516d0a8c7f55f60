"""Bars on one linear scale as SVG, readable on light and dark pages; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from lamina.bench.comparison import Comparison, Scenario
from lamina.reports.document import Unit
from lamina.reports.figures import value_text

_COLOURS: Final = ("#e2e8f0", "#0f766e", "#5eead4", "#94a3b8")
_ROW, _LEFT, _WIDTH, _GAP, _RIGHT = 20, 190, 420, 18, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row: what it is of, how long it is, and the words for that."""

    label: str
    value: float
    text: str
    colour: str


def comparison_chart(comparison: Comparison) -> str:
    """Draw the times, and below them, on a scale of their own, the sizes."""
    sides = list(zip(comparison.sides, _COLOURS[0 if comparison.before else 1 :], strict=False))
    times = []
    for scenario in Scenario:
        measured = [(side, colour, side.time(scenario)) for side, colour in sides]
        bars = [
            Bar(label=s.label, value=t, text=value_text(t, Unit.SECONDS), colour=c)
            for s, c, t in measured
            if t is not None
        ]
        times.append((str(scenario), bars))
    sizes = [
        Bar(label=s.label, value=size, text=value_text(size, Unit.BYTES), colour=c)
        for s, c in sides
        if (size := s.sizes.total if s.sizes else None) is not None
    ]
    groups = [group for group in times if group[1]]
    return bar_chart([groups, [("image size", sizes)] if sizes else []], f"{comparison.project}")


def bar_chart(scales: Sequence[Sequence[tuple[str, Sequence[Bar]]]], title: str) -> str:
    """Draw groups of bars; each of the ``scales`` has its own longest bar."""
    rows: list[str] = []
    y = 10
    for groups in scales:
        longest = max((bar.value for _, bars in groups for bar in bars), default=0) or 1
        for heading, bars in groups:
            rows.append(_text(0, y + 14, heading, weight="bold"))
            y += _ROW
            for bar in bars:
                rows += _bar(bar, y, bar.value / longest)
                y += _ROW
            y += _GAP
    width = _LEFT + _WIDTH + _RIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" role="img" '
        f'aria-label="{escape(title, {chr(34): "&quot;"})}">\n'
        f'<rect width="{width}" height="{y}" fill="#ffffff"/>\n' + "\n".join(rows) + "\n</svg>\n"
    )


def _bar(bar: Bar, y: int, share: float) -> Iterator[str]:
    length = max(1.0, share * _WIDTH)
    yield _text(8, y + 14, bar.label)
    yield (
        f'<rect x="{_LEFT}" y="{y + 3}" width="{length:.1f}" height="{_ROW - 6}" '
        f'fill="{bar.colour}" stroke="#64748b" stroke-width="0.5"/>'
    )
    yield _text(_LEFT + length + 6, y + 14, bar.text)


def _text(x: float, y: float, text: str, *, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="12" '
        f'font-weight="{weight}" fill="#0f172a">{escape(text)}</text>'
    )
