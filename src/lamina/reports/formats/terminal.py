"""A document as text for a terminal: aligned tables, and sparklines for trends."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lamina.reports.document import (
    Block,
    Document,
    Figures,
    Paragraph,
    Section,
    Table,
    Tone,
    Treemap,
    Trend,
    Waterfall,
)
from lamina.reports.figures import cell_text, is_number, plain, value_text
from lamina.reports.sparkline import sparkline

_SPARKS: Final = 32
_LONGEST: Final = 60


def to_terminal(document: Document) -> str:
    """Write a document; foreign text cannot steer the terminal."""
    lines = [plain(document.title)]
    if document.subtitle:
        lines.append(plain(document.subtitle))
    for section in document.sections:
        lines += _section(section)
    return "\n".join(lines)


def _section(section: Section) -> Iterator[str]:
    yield from ("", plain(section.title))
    trends = [block for block in section.blocks if isinstance(block, Trend)]
    for block in section.blocks:
        if isinstance(block, Trend):
            if block is trends[0]:
                yield from _trends(trends)
        else:
            yield from (f"  {line}" for line in _block(block))
    for inner in section.sections:
        yield from _section(inner)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield f"{'! ' if block.tone is Tone.BAD else ''}{plain(block.text)}"
        case Figures():
            width = max((len(item.label) for item in block.items), default=0)
            for item in block.items:
                note = f"  {plain(item.note)}" if item.note else ""
                text = plain(value_text(item.value, item.unit))
                yield f"{item.label:<{width}}  {text:>10}{note}"
        case Table():
            yield from _table(block)
        case Trend() | Waterfall() | Treemap():
            yield from _table(block.table)


def _trends(trends: Sequence[Trend]) -> Iterator[str]:
    """Draw trends of one section below each other, the newest values at the right."""
    width = max(len(trend.title) for trend in trends)
    for trend in trends:
        line = sparkline(trend.series[0].values[-_SPARKS:])
        last, middle = value_text(trend.last, trend.unit), value_text(trend.middle, trend.unit)
        yield f"  {trend.title:<{width}}  {line:<{_SPARKS}}  last {last}, median {middle}"


def _table(table: Table) -> Iterator[str]:
    yield ""
    yield table.title
    rows = [
        [
            _short(plain(cell_text(cell, column.unit)))
            for cell, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows
    ]
    yield from _aligned([[column.title for column in table.columns], *rows], table)
    if table.note:
        yield f"  ({table.note})"


def _aligned(rows: Sequence[Sequence[str]], table: Table) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text.rjust(width) if is_number(column.unit) else text.ljust(width)
            for text, width, column in zip(row, widths, table.columns, strict=True)
        )
        yield f"  {'  '.join(cells)}".rstrip()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
