"""Sparklines: a row of values as eight heights of blocks."""

from collections.abc import Sequence
from typing import Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_GAP: Final = " "


def sparkline(values: Sequence[float | None]) -> str:
    """Draw a character for each value, from the smallest to the largest; None is a gap.

    Values that are all equal are drawn half high.

    >>> sparkline([1, 2, None, 8])
    '▁▂ █'
    """
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    step = (high - low) / (len(_BLOCKS) - 1)
    middle = _BLOCKS[len(_BLOCKS) // 2 - 1]

    def block(value: float) -> str:
        return _BLOCKS[round((value - low) / step)] if step else middle

    return "".join(_GAP if value is None else block(value) for value in values)
