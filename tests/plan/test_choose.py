"""Layers are divided anew only where a history is long, clear, and worth it."""

from typing import Any

import pytest

from lamina.plan import grouping
from lamina.plan.choose import Choice, Trial, choose, learnt, moved_bytes
from lamina.plan.evidence import Evidence
from tests.plan.histories import MB, evidence

SIZES = {"a": 4 * MB, "b": 4 * MB, "c": 4 * MB, "d": 4 * MB}
ONE_LAYER = [["a", "b", "c", "d"]]


def chosen(found: Evidence, now: list[list[str]], sizes: dict[str, int] = SIZES) -> Choice:
    return choose(learnt(sizes, found, now=now).values(), sizes, found, now=now)


def test_a_wheel_that_changes_often_leaves_those_that_never_do() -> None:
    choice = chosen(evidence("abcd", *["a"] * 10), ONE_LAYER)

    assert choice.groups is not None
    assert ("a",) in choice.groups
    assert choice.groups[-1] == ("a",)
    assert "instead of 1" in choice.why
    assert "learnt from 10 changes" in choice.why


def test_a_short_history_teaches_nothing() -> None:
    choice = chosen(evidence("abcd", *["a"] * 7), ONE_LAYER)

    assert choice == Choice(
        groups=None,
        why="the layers stay as they are: 7 changes of the lock are known, and 8 are needed",
    )


def test_what_was_learnt_is_kept_while_the_history_goes_on_as_before() -> None:
    first = chosen(evidence("abcd", *["a"] * 10), ONE_LAYER)
    assert first.groups is not None

    again = chosen(evidence("abcd", "b", *["a"] * 12), [list(names) for names in first.groups])

    assert again.groups is None
    assert "a tenth" in again.why


def test_a_history_that_turned_is_not_trusted() -> None:
    """Who learnt from the older half would have put b, which then changed, beside another."""
    sizes = {"a": 100_000, "b": 100_000, "d": MB, "e": 4 * MB}
    found = evidence("abde", *["b"] * 8, *["a"] * 8)

    choice = chosen(found, [["a", "e"], ["b"], ["d"]], sizes)

    assert choice.groups is None
    assert "would not have helped with the newer" in choice.why
    assert choice.trial == Trial(older=8, newer=8, learnt=1_600_000, in_use=800_000)


def test_what_takes_too_long_to_pay_is_left() -> None:
    """Moving 900 MB once, lest they are moved with d, which never changed in 40 changes."""
    sizes = {"a": 900 * MB, "b": MB, "c": MB, "d": MB}

    choice = chosen(evidence("abcd", *["b"] * 40), [["a", "d"], ["b"], ["c"]], sizes)

    assert choice.groups is None
    assert "moving to it included" in choice.why


def test_layers_that_do_well_are_not_touched_when_another_is_divided() -> None:
    """Only what is worth it moves; the others are in the registry and on the nodes already."""
    sizes = {"a": 90 * MB, "b": 80 * MB, "c": 4 * MB, "d": 4 * MB}

    choice = chosen(evidence("abcd", *["c"] * 20), [["a"], ["b"], ["c", "d"]], sizes)

    assert choice.groups is not None
    assert sorted(choice.groups) == [("a",), ("b",), ("c",), ("d",)]


def test_the_trial_counts_layers_and_not_wheels() -> None:
    layers = [["a", "b"], ["c"]]
    changes = [frozenset("ab"), frozenset("c"), frozenset("x")]

    assert moved_bytes(layers, {"a": 1, "b": 2, "c": 4}, changes) == 7


def test_a_thousand_distributions_are_not_all_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair of them costs a comparison, and people wait."""
    compared: list[int] = []
    joining = grouping._Search._joining

    def counted(*args: Any) -> float:
        compared.append(1)
        return joining(*args)

    monkeypatch.setattr(grouping._Search, "_joining", counted)
    sizes = {f"d{n}": 10_000 + n * 7919 % 900_000 for n in range(1000)}
    changes = tuple(frozenset(f"d{n}" for n in range(k, 1000, 50 + k)) for k in range(20))
    evidence = Evidence(names=frozenset(sizes), changes=changes)

    joined = grouping._Search(sizes, evidence, 40, frozenset()).joined()

    assert sorted(name for layer in joined for name in layer.names) == sorted(sizes)
    assert len(joined) <= 40
    assert len(compared) < 150_000  # there are half a million pairs


def test_nothing_to_divide_is_no_error() -> None:
    assert chosen(Evidence(names=frozenset()), [], {}).groups is None
