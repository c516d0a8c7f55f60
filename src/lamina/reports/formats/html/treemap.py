"""Where the parts of a treemap go: squarified, so that no part is much longer than wide."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


def squarify(sizes: Sequence[float], area: Area) -> list[Area]:
    """Divide ``area`` by ``sizes``, which are positive and come largest first.

    After Bruls, Huizing and van Wijk, Squarified Treemaps (2000): a row along the shorter side is
    filled for as long as that makes its worst part squarer.
    """
    total = sum(sizes)
    scale = area.width * area.height / total if total else 0.0
    areas = [size * scale for size in sizes]
    found: list[Area] = []
    left, start = area, 0
    while start < len(areas):
        side = min(left.width, left.height)
        end = start + 1
        while end < len(areas) and _worst(areas[start : end + 1], side) <= _worst(
            areas[start:end], side
        ):
            end += 1
        row, left = _row(areas[start:end], left)
        found += row
        start = end
    return found


def _worst(areas: Sequence[float], side: float) -> float:
    """Return how much longer than wide the worst part of a row is."""
    total = sum(areas)
    if not total or not side:
        return 0.0
    return max(
        side * side * max(areas) / (total * total),
        total * total / (side * side * min(areas)) if min(areas) else float("inf"),
    )


def _row(areas: Sequence[float], left: Area) -> tuple[list[Area], Area]:
    """Lay a row along the shorter side; return it, and what is left beside it."""
    total = sum(areas)
    if left.width >= left.height:
        depth = total / left.height if left.height else 0.0
        found, y = [], left.y
        for part in areas:
            height = part / depth if depth else 0.0
            found.append(Area(x=left.x, y=y, width=depth, height=height))
            y += height
        return found, Area(
            x=left.x + depth, y=left.y, width=max(0.0, left.width - depth), height=left.height
        )
    turned, rest = _row(areas, _turned(left))
    return [_turned(area) for area in turned], _turned(rest)


def _turned(area: Area) -> Area:
    return Area(x=area.y, y=area.x, width=area.height, height=area.width)
