"""Partition: which wheels share a layer.

A changed wheel sends its whole layer again, so a layer costs (its bytes) times (how often any of
its wheels changes).  Where every wheel changes equally often, that is size times count: large
wheels stand alone, and small ones share with their like.  Classes by size, rather than a split
computed from all sizes together, keep a wheel where it is when others change.
"""

from collections.abc import Sequence
from typing import Final

from lamina.lock.lock import LockedWheel
from lamina.plan.plan import WheelLayer

_ALONE: Final = 5_000_000
_CLASSES: Final = (("medium", 1_000_000), ("small", 200_000), ("tiny", 0))
_BUDGET: Final = 40
"""Layers of wheels at most; images may have 127, and the base and the project need theirs."""


def partition(
    wheels: Sequence[LockedWheel], *, lenient: Sequence[str] = ()
) -> tuple[WheelLayer, ...]:
    """Divide ``wheels`` into layers, the largest at the bottom.

    A wheel of 5 MB and more has its own layer, up to the budget; the others share one layer for
    each class of size.  Equal wheels in any order give equal layers.
    """
    by_size = sorted(wheels, key=lambda wheel: (-wheel.size, wheel.name))
    alone = [wheel for wheel in by_size if wheel.size >= _ALONE][: _BUDGET - len(_CLASSES)]
    left = by_size[len(alone) :]
    layers = [_layer(wheel.name, (wheel,), lenient) for wheel in alone]
    for name, least in _CLASSES:
        members = [wheel for wheel in left if wheel.size >= least]
        left = left[len(members) :]
        if members:
            layers.append(_layer(f"{name} wheels", members, lenient))
    return tuple(layers)


def _layer(name: str, wheels: Sequence[LockedWheel], lenient: Sequence[str]) -> WheelLayer:
    return WheelLayer(
        name=name,
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        lenient=tuple(wheel.name for wheel in wheels if wheel.name in lenient),
    )
