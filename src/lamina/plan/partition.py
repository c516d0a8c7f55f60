"""Partition: which wheels share a layer.

A changed wheel sends its whole layer again, so a layer costs (its bytes) times (how often any of
its wheels changes).  Where every wheel changes equally often, that is size times count: large
wheels stand alone, and small ones share with their like.  Classes by size, rather than a split
computed from all sizes together, keep a wheel where it is when others change.

A project's history may know better (:mod:`lamina.plan.grouping`).  What was learnt from it is
written down in the project, as names: a build reads it and computes nothing, so equal projects
give equal layers on a machine that has no history.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from lamina.lock.lock import LockedWheel
from lamina.plan.plan import WheelLayer

_ALONE: Final = 5_000_000
_CLASSES: Final = (("medium", 1_000_000), ("small", 200_000), ("tiny", 0))
_BUDGET: Final = 40
"""Layers of wheels at most; images may have 127, and the base and the project need theirs."""


def partition(
    wheels: Sequence[LockedWheel],
    *,
    groups: Sequence[Sequence[str]] = (),
    lenient: Sequence[str] = (),
) -> tuple[WheelLayer, ...]:
    """Divide ``wheels`` into layers, the largest at the bottom.

    ``groups`` are names of distributions that share a layer, from the bottom up, as a project has
    written them down.  Of all others, above those, a wheel of 5 MB and more has its own layer, up
    to the budget, and the rest share one layer for each class of size.  Equal wheels in any order
    give equal layers.
    """
    layers = list(_written(wheels, groups, lenient))
    placed = {wheel.name for layer in layers for wheel in layer.wheels}
    left = sorted(
        (wheel for wheel in wheels if wheel.name not in placed),
        key=lambda wheel: (-wheel.size, wheel.name),
    )
    room = max(0, _BUDGET - len(_CLASSES) - len(layers))
    alone = [wheel for wheel in left if wheel.size >= _ALONE][:room]
    left = left[len(alone) :]
    layers += [_layer(wheel.name, (wheel,), lenient) for wheel in alone]
    for name, least in _CLASSES:
        members = [wheel for wheel in left if wheel.size >= least]
        left = left[len(members) :]
        if members:
            layers.append(_layer(f"{name} wheels", members, lenient))
    return tuple(layers)


def _written(
    wheels: Sequence[LockedWheel], groups: Sequence[Sequence[str]], lenient: Sequence[str]
) -> Iterable[WheelLayer]:
    """Make the layers that are written down; their names stay when some of the wheels go."""
    found = {wheel.name: wheel for wheel in wheels}
    for names in groups:
        members = [found[name] for name in names if name in found]
        if members:
            name = names[0] if len(names) == 1 else f"{names[0]} and others"
            yield _layer(name, members, lenient)


def _layer(name: str, wheels: Sequence[LockedWheel], lenient: Sequence[str]) -> WheelLayer:
    return WheelLayer(
        name=name,
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        lenient=tuple(wheel.name for wheel in wheels if wheel.name in lenient),
    )
