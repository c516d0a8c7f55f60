"""Each part of a document as HTML; whatever text it brings is escaped."""

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from lamina.reports.document import (
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    Paragraph,
    Quantity,
    Table,
    Tone,
    Treemap,
    Trend,
    Unit,
    Waterfall,
)
from lamina.reports.figures import NOTHING, cell_text, is_number, plain, value_text
from lamina.reports.formats.html import svg
from lamina.reports.formats.html.chart import trend

_BEFORE_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|s|min|h|B|kB|MB|GB)(?!\w))")
_LONG_TABLE: Final = 15
_BARS: Final = (
    ("bar done", "ran"),
    ("bar cached", "cached"),
    ("bar failed", "failed"),
    ("bar other", "did not end"),
    ("bar done long", "on the longest way"),
)
_LINES: Final = (
    ("line first", "each build"),
    ("line second", "median of the last builds"),
    ("line third", "not done"),
)


def block(part: Block, id_: str, *, group: str, within: str) -> str:
    """Write a part; ``id_`` is unique on the page, ``within`` is the title of its section."""
    match part:
        case Paragraph():
            role = ' role="note"' if part.tone is Tone.BAD else ""
            return f'<p class="{part.tone}"{role}>{escape(plain(part.text))}</p>'
        case Figures():
            tiles = "\n".join(map(_tile, part.items))
            return f'<dl class="tiles">\n{tiles}\n</dl>'
        case Table():
            return table(part, within, is_folded=len(part.rows) > _LONG_TABLE)
        case Trend():
            lines = _legend(_LINES[: len(part.series)])
            return _figure(part, trend(part, id_, group=group) + lines, within)
        case Waterfall():
            return _figure(part, svg.waterfall(part, id_) + _legend(_BARS), within, is_wide=True)
        case Treemap():
            groups = dict.fromkeys(tile.group for tile in part.tiles)
            legend = _legend((f"tile g-{name}", name) for name in groups)
            return _figure(part, svg.treemap(part, id_) + legend, within, is_wide=True)


def _tile(item: Figure) -> str:
    note = f'<dd class="note">{escape(_kept(plain(item.note)))}</dd>' if item.note else ""
    value = escape(plain(value_text(item.value, item.unit)))
    return (
        f'<div class="{item.tone}"><dt>{escape(item.label)}</dt>'
        f'<dd class="value">{value}</dd>{note}</div>'
    )


def _kept(text: str) -> str:
    """Keep a number and its unit on one line."""
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def _figure(
    chart: Trend | Waterfall | Treemap, drawing: str, within: str, *, is_wide: bool = False
) -> str:
    """Put a chart below its title, and the same as a table below it."""
    return (
        f'<figure class="{"wide" if is_wide else "narrow"}">\n'
        f"<figcaption>{escape(chart.title)}</figcaption>\n{drawing}\n"
        f"{table(chart.table, within, is_folded=True)}\n</figure>"
    )


def _legend(items: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> str:
    swatches = "".join(
        f'<li><svg width="14" height="10" aria-hidden="true"><rect class="{escape(name)}" '
        f'width="14" height="10" rx="2"/></svg>{escape(text)}</li>'
        for name, text in items
    )
    return f'\n<ul class="legend">{swatches}</ul>'


def table(part: Table, within: str, *, is_folded: bool) -> str:
    """Write a table; it scrolls by itself where it is wider than the page."""
    title = escape(part.title)
    label = escape(plain(f"{part.title}, {within}"))
    heads = "".join(_head(column) for column in part.columns)
    rows = "\n".join(f"<tr>{''.join(_cells(row, part.columns))}</tr>" for row in part.rows)
    note = f'<p class="muted">{escape(part.note)}</p>' if part.note else ""
    body = (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">\n'
        f"<table><caption>{title}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table></div>{note}"
    )
    if not is_folded:
        return body
    return f"<details><summary>Table: {title}</summary>\n{body}\n</details>"


def _head(column: Column) -> str:
    number = ' class="number"' if is_number(column.unit) else ""
    return f'<th scope="col"{number}>{escape(column.title)}</th>'


def _cells(row: tuple[Cell, ...], columns: tuple[Column, ...]) -> Iterator[str]:
    for cell, column in zip(row, columns, strict=True):
        tone = f" {cell.tone}" if isinstance(cell, Quantity) else ""
        name = "number" if is_number(column.unit) else "words"
        text = escape(plain(cell_text(cell, column.unit)))
        if column.unit is Unit.CODE and text != NOTHING:
            text = f"<code>{text}</code>"
        yield f'<td class="{name}{tone}">{text}</td>'
