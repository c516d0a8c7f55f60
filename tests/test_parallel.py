"""Threads start in one place: results in order, and the first failure stops the rest."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest

from lamina.parallel import Later, gather_then, map_ordered

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
