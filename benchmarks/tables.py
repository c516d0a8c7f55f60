"""Tables that the results' page and the README share, from results.json alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lamina.reports.document import Unit
from lamina.reports.figures import value_text

PUSHES = ("clean", "source edit", "one dependency", "cold runner")
SITUATIONS = ("clean", "nothing changed", "source edit", "one dependency")
LABELS = {
    "lamina": "Lamina",
    "uv": "Dockerfile, uv, two stages",
    "multistage": "Dockerfile, pip, two stages",
    "naive": "Dockerfile, one stage",
}
Results = Mapping[str, Any]


def build_table(results: Results) -> list[str]:
    """Compare build times, and what images unpack to."""
    builds = results.get("builds", {})
    names = [name for name in LABELS if name in builds]
    if not names:
        return []
    lines = _head(("", *SITUATIONS, "unpacked"))
    for name in names:
        cells = [f"{builds[name][situation]['seconds']:.2f}" for situation in SITUATIONS]
        size = f"{builds[name]['unpacked_bytes'] / 1e9:.2f} GB"
        lines.append(_row((LABELS[name], *cells, size)))
    peers = [name for name in names if name != "lamina"]
    if peers and "lamina" in builds:
        ratios = [
            f"{min(builds[n][s]['seconds'] for n in peers) / builds['lamina'][s]['seconds']:.1f}x"
            for s in SITUATIONS
        ]
        lines.append(_row(("**Lamina against the best of the others**", *ratios, "")))
    return lines


def push_table(results: Results) -> list[str]:
    """Compare from a change to a pushed image; the peer has no situation that we lack."""
    found = results.get("pushes", {})
    if not found:
        return []
    lines = _head(("", *PUSHES))
    for name in ("lamina", "uv"):
        cells = [f"{found[name][situation]['seconds']:.2f}" for situation in PUSHES]
        lines.append(_row((LABELS[name], *cells)))
    ratios = [
        f"{found['uv'][situation]['seconds'] / found['lamina'][situation]['seconds']:.1f}x"
        for situation in PUSHES
    ]
    return [*lines, _row(("**Lamina against BuildKit**", *ratios))]


def brief_times(results: Results) -> list[str]:
    """Compare the brief's scenarios."""
    return _brief(results, "times", Unit.SECONDS)


def brief_sizes(results: Results) -> list[str]:
    """Compare the brief's components."""
    return _brief(results, "sizes", Unit.BYTES)


def _brief(results: Results, key: str, unit: Unit) -> list[str]:
    rows: Sequence[Mapping[str, Any]] = results.get("brief", {}).get(key, [])
    if not rows:
        return []
    lines = _head(("", "before", "Lamina", "less", "as recommended", "less"))
    for row in rows:
        cells = [
            value_text(row[column], Unit.RATE if column.startswith("less") else unit)
            for column in ("before", "after", "less", "after-1", "less-1")
        ]
        lines.append(_row((str(row["of"]), *cells)))
    return lines


def _head(cells: Sequence[str]) -> list[str]:
    return [_row(cells), "| --- |" + " ---: |" * (len(cells) - 1)]


def _row(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


TABLES: Mapping[str, Callable[[Results], list[str]]] = {
    "builds": build_table,
    "pushes": push_table,
    "times": brief_times,
    "sizes": brief_sizes,
}
"""Each table by the word of its marks in the README."""
