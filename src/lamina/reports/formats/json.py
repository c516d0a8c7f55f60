"""A document as JSON: figures, tables and charts by their keys, numbers as they are.

A section is an object; a table a list of objects, whose members are the columns' keys.
"""

import json
from typing import Any, Final

from lamina.reports.document import (
    Block,
    Document,
    Figures,
    Paragraph,
    Section,
    Table,
    Treemap,
    Trend,
    Waterfall,
)
from lamina.reports.figures import cell_value

SCHEMA: Final = 1
"""Raised when a member changes its meaning; new members alone do not raise it."""


def to_json(document: Document) -> str:
    """Write a document; sizes are bytes, times and spans seconds, rates between 0 and 1."""
    value = {
        "schema": SCHEMA,
        "title": document.title,
        "subtitle": document.subtitle,
        "sections": [_section(section) for section in document.sections],
    }
    return json.dumps(value, indent=2)


def _section(section: Section) -> dict[str, Any]:
    texts = [block.text for block in section.blocks if isinstance(block, Paragraph)]
    blocks = {
        block.key: _block(block) for block in section.blocks if not isinstance(block, Paragraph)
    }
    inner = [_section(found) for found in section.sections]
    return {
        "key": section.key,
        "title": section.title,
        "notes": texts,
        **blocks,
        **({"sections": inner} if inner else {}),
    }


def _block(block: Block) -> Any:  # noqa: ANN401 - JSON
    match block:
        case Paragraph():
            return block.text
        case Figures():
            return {item.key: item.value for item in block.items}
        case Table():
            return _rows(block)
        case Trend():
            return {
                "unit": block.unit,
                "median": block.middle,
                "times": block.times,
                "series": {series.label: series.values for series in block.series},
            }
        case Waterfall() | Treemap():
            return _rows(block.table)


def _rows(table: Table) -> list[dict[str, Any]]:
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, map(cell_value, row), strict=True)) for row in table.rows]
