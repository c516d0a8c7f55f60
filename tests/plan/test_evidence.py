"""What a lock's history says of how often distributions change, and how far it is believed."""

import pytest

from lamina.lock.past import Pin, PinnedFile
from lamina.plan.evidence import Evidence, learn
from tests.plan.histories import evidence, pins


def test_a_change_is_what_differs_from_one_revision_to_the_next() -> None:
    history = [pins(a="3", b="1", c="1"), pins(a="2", b="1", c="1"), pins(a="1", b="1")]

    assert learn("abc", history).changes == (frozenset("a"), frozenset("ac"))


def test_a_revision_that_changes_nothing_of_ours_is_no_change() -> None:
    history = [pins(a="2", x="2"), pins(a="2", x="1"), pins(a="1", x="1")]

    assert learn("a", history).changes == (frozenset("a"),)


def test_hashes_for_more_machines_are_no_change() -> None:
    one, two = PinnedFile(code="sha256:1"), PinnedFile(code="sha256:2")

    history = [{"a": Pin(version="1", files=(one, two))}, {"a": Pin(version="1", files=(one,))}]

    assert learn("a", history).changes == ()


@pytest.mark.parametrize("history", [[], [pins(a="1")]])
def test_without_a_history_all_are_as_likely_to_change(history: list[dict[str, Pin]]) -> None:
    """Then a layer of n out of k distributions is one change in about k / n."""
    found = learn("abcd", history)

    assert found.likelihood("a") == pytest.approx(1 / 4)
    assert found.likelihood("a") == found.likelihood("d")
    assert found.likelihood("ab") == pytest.approx(1 - (3 / 4) ** 2)


def test_what_changed_often_is_likelier_to_change_and_nothing_is_impossible_or_sure() -> None:
    found = evidence("abc", *["a"] * 9, "ab")

    often, seldom, never = (found.likelihood(name) for name in "abc")

    assert 1 > often > seldom > never > 0


def test_the_more_is_known_the_less_the_assumption_counts() -> None:
    few, many = evidence("ab", *["a"] * 2), evidence("ab", *["a"] * 40)

    assert few.likelihood("b") > many.likelihood("b")
    assert few.likelihood("a") < many.likelihood("a")


def test_what_changes_together_changes_once() -> None:
    """boto3 and botocore in one layer cost no more changes than either alone."""
    together = evidence("abcd", "ab", "ab", "c", "d")
    apart = evidence("abcd", "a", "b", "a", "b")

    assert together.likelihood("ab") < apart.likelihood("ab")


def test_names_that_the_lock_no_longer_has_count_for_nothing() -> None:
    assert evidence("a", "ax").likelihood("x") < evidence("a", "ax").likelihood("a")
    assert Evidence(names=frozenset()).likelihood("") == 0
