"""Spread: the median of some figures, and how far they usually are from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """``mad`` is the median absolute deviation: half of the figures are nearer to the median."""

    count: int
    median: float
    mad: float


def spread(values: Iterable[float | None]) -> Spread | None:
    """Measure the figures that there are; None when there are none.

    >>> spread([1.0, 2.0, None, 9.0])
    Spread(count=3, median=2.0, mad=1.0)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    middle = float(median(known))
    return Spread(
        count=len(known),
        median=middle,
        mad=float(median(abs(value - middle) for value in known)),
    )
