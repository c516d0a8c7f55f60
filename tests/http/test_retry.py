"""How patient we are: a pure policy, and what runs by it."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import IntegrityError, NetworkError
from lamina.http.retry import Retries, RetryPolicy


def failing(times: int) -> tuple[Callable[[], str], Retries, list[float]]:
    slept: list[float] = []
    left = [times]

    def act() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise NetworkError(f"{left[0]} more")
        return "done"

    return act, Retries(sleep=slept.append, jitter=lambda: 0.0), slept


def test_what_succeeds_is_done_once() -> None:
    act, retries, slept = failing(0)

    assert retries.run(act, lambda _: 0.0) == "done"
    assert slept == []


def test_waits_grow_until_the_attempts_are_used_up() -> None:
    act, retries, slept = failing(9)

    with pytest.raises(NetworkError, match="4 more"):
        retries.run(act, lambda _: 0.0)
    assert slept == [1.0, 2.0, 4.0, 8.0]


def test_what_will_not_pass_is_not_tried_again() -> None:
    act, retries, slept = failing(1)

    with pytest.raises(NetworkError):
        retries.run(act, lambda _: None)
    assert slept == []


def test_a_server_gets_the_time_that_it_wants_and_no_more_than_the_total() -> None:
    act, retries, slept = failing(9)

    with pytest.raises(NetworkError):
        retries.run(act, lambda _: 60.0)
    assert slept == [60.0, 60.0]


def test_waiting_leaves_the_random_numbers_of_others_alone() -> None:
    act, _, _ = failing(times=2)
    before = random.getstate()

    Retries(sleep=lambda _: None).run(act, lambda _: 0)

    assert random.getstate() == before


def test_other_errors_are_none_of_its_business() -> None:
    def act() -> None:
        raise IntegrityError("wrong bytes")

    with pytest.raises(IntegrityError):
        Retries(sleep=lambda _: None).run(act, lambda _: 0.0)


@given(
    st.integers(1, 9),
    st.floats(0, 60),
    st.floats(0, 200),
    st.floats(0, 1, exclude_max=True),
)
def test_no_wait_breaks_the_policy(
    attempt: int, asked_s: float, waited_s: float, jitter: float
) -> None:
    policy = RetryPolicy()

    wait = policy.wait_s(attempt, asked_s=asked_s, waited_s=waited_s, jitter=jitter)

    if wait is not None:
        assert attempt < policy.attempts
        assert asked_s <= wait <= 60
        assert wait > 0
        assert waited_s + wait <= policy.total_s
