"""Threads start in one place: results in order, and the first failure stops the rest."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest

from lamina.parallel import (
    GivenUp,
    Later,
    NamedLocks,
    Turn,
    check_wanted,
    gather_then,
    have_ended,
    map_ordered,
    together,
)

LONG_S = 10


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.05 if number == 0 else 0)
        return number * number

    assert map_ordered(slow_first, range(5), workers=3) == [0, 1, 4, 9, 16]
    assert map_ordered(slow_first, [], workers=1) == []


def test_the_first_failure_cancels_what_has_not_started() -> None:
    started: list[int] = []

    def fail(number: int) -> None:
        started.append(number)
        time.sleep(0.01)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        map_ordered(fail, range(100), workers=2)

    assert len(started) < 50


def test_a_group_is_combined_as_soon_as_its_items_are_there() -> None:
    """The network and the processor work at the same time."""
    combined = threading.Event()

    def fetch(item: str) -> str:
        if item == "late":
            assert combined.wait(LONG_S), "nothing was combined while this was fetched"
        return item

    def combine(name: str, parts: Sequence[str]) -> str:
        combined.set()
        return f"{name}: {' '.join(parts)}"

    made = gather_then(
        {"second": ["late"], "first": ["a", "b"], "empty": []},
        fetch=fetch, combine=combine, fetchers=3, combiners=1,
    )  # fmt: skip

    assert list(made.items()) == [
        ("second", "second: late"), ("first", "first: a b"), ("empty", "empty: "),
    ]  # fmt: skip


def test_a_failed_fetch_stops_the_rest_of_its_group() -> None:
    """A wheel with the wrong digest must not wait for the other hundred of its layer."""
    fetched: list[int] = []

    def fetch(item: int) -> int:
        if item == 0:
            raise ValueError("wrong digest")
        time.sleep(0.01)
        fetched.append(item)
        return item

    with pytest.raises(ValueError, match="wrong digest"):
        gather_then(
            {"group": list(range(200))},
            fetch=fetch, combine=lambda _, parts: parts, fetchers=2, combiners=1,
        )  # fmt: skip

    assert len(fetched) < 100


def test_a_failed_group_stops_fetching_for_the_others() -> None:
    fetched: list[int] = []

    def fetch(item: int) -> int:
        time.sleep(0.01)
        fetched.append(item)
        return item

    def combine(name: str, parts: Sequence[int]) -> None:
        raise ValueError(f"{name} is broken: {parts}")

    with pytest.raises(ValueError, match="first is broken"):
        gather_then(
            {"first": [0], "second": list(range(1, 200))},
            fetch=fetch, combine=combine, fetchers=2, combiners=1,
        )  # fmt: skip

    assert len(fetched) < 100


def test_nothing_to_do_is_done_at_once() -> None:
    assert gather_then({}, fetch=str, combine=lambda *_: None, fetchers=1, combiners=1) == {}


def test_what_is_called_later_is_waited_for_as_long_as_one_likes() -> None:
    may_end = threading.Event()
    later = Later(lambda: may_end.wait(LONG_S), is_abandonable=True)

    with pytest.raises(TimeoutError):
        later.result(timeout_s=0.01)

    may_end.set()
    assert later.result() is True


def test_what_can_be_abandoned_keeps_no_program_from_ending() -> None:
    program = (
        "import time\nfrom lamina.parallel import Later\n"
        "Later(lambda: time.sleep(60), is_abandonable=True)\nprint('ended')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )

    assert done.stdout == "ended\n"


def test_what_cannot_be_abandoned_has_to_end_before_the_program_may() -> None:
    may_end = threading.Event()
    later = Later(lambda: may_end.wait(LONG_S))

    before = have_ended(within_s=0.01)
    may_end.set()

    assert (before, have_ended(within_s=LONG_S), later.result()) == (False, True, True)


def test_what_cannot_be_abandoned_hears_that_the_program_ends() -> None:
    """It may have started programs, which it ends itself."""

    def work() -> None:
        until = time.monotonic() + LONG_S
        while time.monotonic() < until:
            check_wanted()
            time.sleep(0.01)

    later = Later(work)

    assert have_ended(within_s=LONG_S)
    with pytest.raises(GivenUp):
        later.result()


def test_what_can_be_abandoned_is_not_waited_for_at_the_end() -> None:
    may_end = threading.Event()
    later = Later(lambda: may_end.wait(LONG_S), is_abandonable=True)

    assert have_ended(within_s=0)

    may_end.set()
    assert later.result()


@pytest.mark.parametrize("is_abandonable", [False, True])
def test_only_what_can_be_abandoned_outlives_the_call_that_began_it(
    *, is_abandonable: bool
) -> None:
    """A record of a failed build is still sent; the rest of the build is not wanted."""
    begun: list[Later[str]] = []
    has_begun, has_failed = threading.Event(), threading.Event()

    def work() -> str:
        assert has_failed.wait(LONG_S)
        check_wanted()
        return "done"

    def call(number: int, _: Turn) -> None:
        if number == 1:
            assert has_begun.wait(LONG_S)
            raise ValueError("the second")
        begun.append(Later(work, is_abandonable=is_abandonable))
        has_begun.set()

    with pytest.raises(ValueError, match="the second"):
        together(call, [0, 1])
    has_failed.set()

    if is_abandonable:
        assert begun[0].result() == "done"
    else:
        with pytest.raises(GivenUp):
            begun[0].result()


def test_calls_that_run_together_meet_and_their_results_come_in_order() -> None:
    meeting = threading.Barrier(3, timeout=LONG_S)

    def meet(number: int, _: Turn) -> int:
        meeting.wait()
        return number * number

    assert together(meet, [1, 2, 3]) == [1, 4, 9]


def test_one_call_needs_no_thread() -> None:
    def where(_: str, turn: Turn) -> threading.Thread:
        turn.wait()
        return threading.current_thread()

    assert together(where, ["only"]) == [threading.main_thread()]


def test_turns_are_taken_in_the_order_of_the_items() -> None:
    taken: list[int] = []

    def take(number: int, turn: Turn) -> None:
        time.sleep(0.02 * (2 - number))  # the last is there first
        turn.wait()
        taken.append(number)
        turn.end()

    together(take, [0, 1, 2])

    assert taken == [0, 1, 2]


def test_whoever_waits_for_a_turn_gives_up_when_the_one_before_fails() -> None:
    reached: list[int] = []

    def take(number: int, turn: Turn) -> None:
        turn.wait()
        reached.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        together(take, [0, 1, 2])

    assert reached == [0]


@pytest.mark.parametrize("way", ["map", "gather"])
def test_a_failure_stops_the_work_of_the_calls_beside_it(way: str) -> None:
    """The failure is raised, and not that the others gave up."""
    done: list[int] = []
    is_working = threading.Event()

    def work(item: int) -> int:
        is_working.set()
        time.sleep(0.01)
        done.append(item)
        return item

    def call(number: int, _: Turn) -> None:
        if number == 1:
            assert is_working.wait(LONG_S)
            raise ValueError("the second")
        items = list(range(500))
        if way == "map":
            map_ordered(work, items, workers=1)
        else:
            gather_then({"group": items}, fetch=work, combine=lambda *_: None,
                        fetchers=1, combiners=1)  # fmt: skip

    with pytest.raises(ValueError, match="the second"):
        together(call, [0, 1])

    assert len(done) < 100


@pytest.mark.parametrize("way", ["map", "gather", "turn"])
def test_nothing_is_begun_after_a_failure_beside_it(way: str) -> None:
    """Downloads that began could not be stopped."""
    done: list[int] = []
    may_fail, has_failed = threading.Event(), threading.Event()

    def call(number: int, turn: Turn) -> None:
        if number == 1:
            assert may_fail.wait(LONG_S)
            threading.Timer(0.1, has_failed.set).start()
            raise ValueError("the second")
        may_fail.set()
        assert has_failed.wait(LONG_S)
        if way == "map":
            map_ordered(done.append, [1, 2, 3], workers=3)
        elif way == "gather":
            gather_then({"group": [1, 2, 3]}, fetch=done.append, combine=lambda *_: None,
                        fetchers=3, combiners=1)  # fmt: skip
        else:
            turn.wait()
            done.append(1)

    with pytest.raises(ValueError, match="the second"):
        together(call, [0, 1])

    assert done == []


def test_work_that_nobody_gave_up_goes_on_after_a_failure_elsewhere() -> None:
    def fail(_: int, __: Turn) -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - there is nothing to say
        together(fail, [0, 1])

    assert map_ordered(str, [1, 2], workers=2) == ["1", "2"]


def test_giving_up_is_no_error_that_anybody_handles() -> None:
    assert not issubclass(GivenUp, Exception)


def test_one_name_has_one_lock() -> None:
    locks: NamedLocks[str] = NamedLocks()

    assert locks.of("a") is locks.of("a")
    assert locks.of("a") is not locks.of("b")
