"""A document as Markdown for pull requests and GitHub's step summary.

Foreign text stands in code or is escaped, so that it can neither draw tables nor mention people.
"""

import re
from collections.abc import Iterator
from html import escape
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
    Unit,
    Value,
    Waterfall,
)
from lamina.reports.figures import NOTHING, cell_text, cell_value, is_number, plain, value_text
from lamina.reports.sparkline import sparkline

_SPARKS: Final = 32
_SHORT_TABLE: Final = 12
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")
_MENTION: Final = re.compile(r"@(?=\w)")
_ADDRESS: Final = re.compile(r"(?<=\w)(:)(?=//)|(?<=www)(\.)")


def to_markdown(document: Document) -> str:
    """Write a document."""
    lines = [f"# {escaped(document.title)}"]
    if document.subtitle:
        lines += ["", escaped(document.subtitle)]
    for section in document.sections:
        lines += _section(section, level=2)
    return "\n".join(lines) + "\n"


def _section(section: Section, *, level: int) -> Iterator[str]:
    yield from ("", f"{'#' * level} {escaped(section.title)}")
    trends = [block for block in section.blocks if isinstance(block, Trend)]
    for block in section.blocks:
        if isinstance(block, Trend):
            if block is trends[0]:
                yield from ("", *_trends(trends))
        else:
            yield from ("", *_block(block))
    for inner in section.sections:
        yield from _section(inner, level=level + 1)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            text = escaped(block.text)
            yield f"> [!WARNING]\n> {text}" if block.tone is Tone.BAD else text
        case Figures():
            yield from ("| | | |", "| --- | ---: | --- |")
            for item in block.items:
                text = escaped(value_text(item.value, item.unit))
                yield f"| {escaped(item.label)} | {text} | {escaped(item.note)} |"
        case Table():
            yield from _folded(block)
        case Trend() | Waterfall() | Treemap():
            yield from _folded(block.table)


def _trends(trends: list[Trend]) -> Iterator[str]:
    yield from ("| | trend | last | median |", "| --- | --- | ---: | ---: |")
    for trend in trends:
        line = sparkline(trend.series[0].values[-_SPARKS:]).replace(" ", "\N{MIDDLE DOT}")
        last, middle = value_text(trend.last, trend.unit), value_text(trend.middle, trend.unit)
        yield f"| {escaped(trend.title)} | `{line}` | {last} | {middle} |"


def _folded(table: Table) -> Iterator[str]:
    """Write a table; a long one is folded away below its title."""
    if len(table.rows) <= _SHORT_TABLE:
        yield from (f"**{escaped(table.title)}**", "", *_table(table))
        return
    title = f"{table.title} ({len(table.rows)})"
    yield from ("<details>", f"<summary>{escape(title)}</summary>", "")
    yield from (*_table(table), "", "</details>")


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(escaped(column.title) for column in table.columns)} |"
    rulers = ("---:" if is_number(column.unit) else "---" for column in table.columns)
    yield f"| {' | '.join(rulers)} |"
    for row in table.rows:
        cells = (
            code(cell_value(cell)) if column.unit is Unit.CODE else
            escaped(cell_text(cell, column.unit))
            for cell, column in zip(row, table.columns, strict=True)
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    if table.note:
        yield from ("", f"*{escaped(table.note)}*")


def code(value: Value) -> str:
    r"""Write foreign text as code, for a cell of a table.

    >>> code("RUN a | b")
    '`RUN a \\| b`'
    """
    text = plain(str(value)) if value not in {None, ""} else ""
    if not text:
        return NOTHING
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest else ""
    bars = text.replace("|", "\\|")  # tables are divided before code is looked for
    return f"{fence}{padding}{bars}{padding}{fence}"


def escaped(text: str) -> str:
    r"""Write foreign text outside of code: on one line, without markup, mentions and links.

    >>> escaped("<b> @who")
    '\\<b\\> @\u2060who'
    """
    found = _SPECIAL.sub(r"\\\1", plain(text))
    found = _MENTION.sub("@\N{WORD JOINER}", found)
    return _ADDRESS.sub(lambda match: f"{match[0]}\N{WORD JOINER}", found)
