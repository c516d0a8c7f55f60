"""The graph of a build's steps: its longest way, and which misses caused which."""

from hypothesis import given

from lamina.history.graph import (
    critical_chain,
    critical_path,
    descendants,
    own_seconds,
    root_misses,
)
from lamina.history.record import BuildRecord, StepKind
from tests.history import builds
from tests.history.builds import ids_of, step, with_steps


def test_the_longest_chain_wins_over_the_longest_step() -> None:
    record = with_steps(
        step("a", 3.0), step("b", 4.0, "a"), step("c", 5.0, "b"), step("alone", 11.0)
    )

    path = critical_path(record)

    assert (path.seconds, path.steps) == (12.0, ("a", "b", "c"))


def test_a_whole_waits_for_its_parts_and_counts_without_them() -> None:
    record = with_steps(
        step("plan", 10.0, kind=StepKind.PLAN), step("read", 7.0, parent="plan"), step("next", 1.0,
        "plan"),
    )  # fmt: skip

    assert own_seconds(record) == {"plan": 3.0, "read": 7.0, "next": 1.0}
    assert critical_path(record).steps == ("read", "plan", "next")
    assert critical_path(record).seconds == 11.0


def test_other_weights_find_another_way() -> None:
    record = with_steps(step("a", 1.0), step("b", 2.0), step("end", 0.0, "a", "b"))

    assert critical_path(record, {"a": 9.0, "b": 1.0}).steps == ("a",)


def test_a_circle_is_cut_and_not_followed() -> None:
    record = with_steps(step("a", 1.0, "c"), step("b", 1.0, "a"), step("c", 1.0, "b"))

    assert critical_path(record).seconds == 3.0


def test_inputs_that_are_not_recorded_are_passed_over() -> None:
    assert critical_path(with_steps(step("a", 1.0, "gone", "a"))).seconds == 1.0


def test_a_long_chain_needs_no_recursion() -> None:
    chain = [step(str(n), 1.0, str(n - 1)) for n in range(20_000)]

    assert critical_path(with_steps(*reversed(chain))).seconds == 20_000.0


def test_a_miss_below_a_miss_is_no_root_even_through_a_step_that_cannot_be_cached() -> None:
    record = with_steps(
        step("copy", 1.0, started=5), step("link", 0.0, "copy", kind=StepKind.LINK),
        step("run", 1.0, "link"), step("hit", 0.0, "run", cached=True), step("other", 1.0,
        started=2),
    )  # fmt: skip

    assert ids_of(root_misses(record)) == ["other", "copy"]


def test_misses_that_started_together_come_in_the_order_of_the_log() -> None:
    """Ids are numbers in it: 10 comes after 9."""
    record = with_steps(step("10", 1.0), step("9", 1.0), step("0.10", 1.0), step("0.9", 1.0))

    assert ids_of(root_misses(record)) == ["0.9", "0.10", "9", "10"]


def test_a_step_that_took_no_time_is_on_the_longest_way_all_the_same() -> None:
    record = with_steps(step("copy", 0.0), step("run", 9.0, "copy"), step("alone", 5.0))

    assert critical_chain(record) == ("copy", "run")
    assert critical_path(record).steps == ("run",)


def test_descendants_are_all_that_waited() -> None:
    record = with_steps(step("a", 1.0), step("b", 1.0, "a"), step("c", 1.0, "b"), step("d", 1.0))

    assert descendants(record, "a") == {"a", "b", "c"}


@given(builds.records)
def test_a_way_is_no_longer_than_all_steps_together(record: BuildRecord) -> None:
    path = critical_path(record)

    assert path.seconds <= sum(own_seconds(record).values()) * (1 + 1e-9) + 1e-9
    assert len(set(path.steps)) == len(path.steps)
