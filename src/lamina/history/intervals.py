"""Intervals of time: merged, measured, and taken from each other."""

from collections.abc import Iterable

Interval = tuple[float, float]
"""Start and end, in seconds; one that ends before it starts is empty."""


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Join what overlaps or touches, in order; leave out what is empty.

    >>> merged([(3, 4), (0, 2), (1, 3), (9, 9)])
    ((0, 4),)
    """
    found: list[Interval] = []
    for start, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)


def length(intervals: Iterable[Interval]) -> float:
    """Add up the time that ``intervals`` cover; what several cover counts once.

    >>> length([(0, 2), (1, 3), (5, 6)])
    4.0
    """
    return float(sum(end - start for start, end in merged(intervals)))


def without(intervals: Iterable[Interval], holes: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return what ``intervals`` cover and ``holes`` do not.

    >>> without([(0, 10)], [(2, 3), (5, 20)])
    ((0, 2), (3, 5))
    """
    left = merged(intervals)
    for hole_start, hole_end in merged(holes):
        pieces: list[Interval] = []
        for start, end in left:
            pieces += [(start, min(end, hole_start)), (max(start, hole_end), end)]
        left = merged(pieces)
    return left
