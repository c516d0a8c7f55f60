"""Intervals: overlapping time counts once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.history.intervals import Interval, length, merged, without

intervals = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)


def covered(found: list[Interval]) -> set[int]:
    return {second for start, end in found for second in range(int(start), int(end))}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([], ()),
        ([(1, 1), (3, 2)], ()),
        ([(2, 3), (0, 1)], ((0, 1), (2, 3))),
        ([(0, 2), (1, 3), (3, 4)], ((0, 4),)),
        ([(0, 9), (1, 2)], ((0, 9),)),
    ],
)
def test_what_overlaps_or_touches_is_one(
    given_: list[Interval], expected: tuple[Interval, ...]
) -> None:
    assert merged(given_) == expected


def test_time_that_several_cover_counts_once() -> None:
    assert length([(0, 4), (2, 6), (10, 11)]) == 7


@given(intervals, intervals)
def test_taking_away_agrees_with_sets_of_seconds(one: list[Interval], two: list[Interval]) -> None:
    left = without(one, two)

    assert covered(list(left)) == covered(one) - covered(two)
    assert length(left) == len(covered(one) - covered(two))
    assert merged(left) == left
