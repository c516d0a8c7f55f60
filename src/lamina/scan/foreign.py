"""Foreign: packages of other languages, which no scanner of ours knows anything about."""

import re
from collections import Counter
from typing import Final

from lamina.scan.tree import Tree

_KINDS: Final = (
    ("Node", re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/]+/package\.json")),
    ("conda", re.compile(r"(?:.*/)?conda-meta/[^/]+\.json")),
    ("Ruby", re.compile(r"(?:.*/)?specifications/[^/]+\.gemspec")),
    ("Java", re.compile(r".*\.(?:jar|war)")),
    ("PHP", re.compile(r"(?:.*/)?vendor/composer/installed\.json")),
)
_COMPILED: Final = "what is compiled into programs, as Go and Rust do"


def not_looked_for(tree: Tree, *, found: int) -> str:
    """Say which packages are there and were not looked for; empty for none.

    Where no distribution was ``found``, programs may still be full of packages, which nothing in
    the tree tells.
    """
    counts: Counter[str] = Counter()
    for leaf in tree:
        kind = next((name for name, form in _KINDS if form.fullmatch(leaf.path)), "")
        if kind and leaf.is_file:
            counts[kind] += 1
    rows = [f"packages of {name} ({count})" for name, count in sorted(counts.items())]
    if not found:
        rows.append(_COMPILED)
    return f"not looked for: {', '.join(rows)}" if rows else ""
