"""Groups: which distributions a Dockerfile installs together, in a stage and a layer of their own.

A stage costs a start of the installer, so there are fewer groups than a plan may have layers:
neighbours are put together until few enough are left, the two that are least in bytes first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from lamina.plan.plan import BuildPlan, WheelLayer

MOST_GROUPS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Distributions by name, sorted; ``size`` is what is known of their wheels, in bytes.

    ``name`` is a stage's: small letters, digits and dashes.
    """

    name: str
    distributions: tuple[str, ...]
    size: int = 0


def groups_of(plan: BuildPlan) -> tuple[Group, ...]:
    """Divide the plan's distributions, in the order of its layers: most stable first."""
    layers = [
        [(wheel.size, wheel.name) for wheel in layer.wheels]
        for layer in plan.layers
        if isinstance(layer, WheelLayer) and not layer.is_own
    ]
    return tuple(_group(number, rows) for number, rows in enumerate(_joined(layers), 1))


def one_group(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Join all groups: requirements that are open bring others along, which must agree."""
    names = sorted(name for group in groups for name in group.distributions)
    size = sum(group.size for group in groups)
    return (Group(name="group-1-dependencies", distributions=tuple(names), size=size),)


_Rows = list[tuple[int, str]]
"""Sizes and names."""


def _joined(layers: Sequence[_Rows]) -> list[_Rows]:
    found = [list(rows) for rows in layers if rows]
    while len(found) > MOST_GROUPS:
        sizes = [_size(a) + _size(b) for a, b in pairwise(found)]
        place = sizes.index(min(sizes))
        found[place : place + 2] = [found[place] + found[place + 1]]
    return found


def _size(rows: _Rows) -> int:
    return sum(size for size, _ in rows)


def _group(number: int, rows: _Rows) -> Group:
    size, largest = max(rows, key=lambda row: (row[0], row[1]))
    if not size:
        largest = "dependencies"
    slug = re.sub("[^a-z0-9]+", "-", largest.lower()).strip("-")
    return Group(
        name=f"group-{number}-{slug}",
        distributions=tuple(sorted(name for _, name in rows)),
        size=_size(rows),
    )
