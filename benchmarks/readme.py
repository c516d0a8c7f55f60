"""The README's tables, written again from the results between their marks."""

import re
from collections.abc import Mapping
from typing import Any

from benchmarks.tables import TABLES

_MARKED = re.compile(r"(<!-- (\w+): from benchmarks/results -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(text: str, results: Mapping[str, Any]) -> str:
    """Return the README with every marked table replaced; one without results stays as it is."""

    def table(match: re.Match[str]) -> str:
        lines = TABLES[match[2]](results)
        return match[1] + "\n".join([*lines, ""]) + match[3] if lines else match[0]

    return _MARKED.sub(table, text)
