"""What steps usually cost: the median of their last five runs."""

from dataclasses import replace

from lamina.history.costs import Samples, costs_of, efforts, learn, usual
from lamina.history.record import StepKind, StepOutcome
from tests.history.builds import build, step, with_steps

KEY = step("deps", 0).key


def test_the_last_five_runs_count() -> None:
    records = [
        with_steps(step("deps", s), started=float(day))
        for day, s in enumerate([1000, 10, 14, 12, 11, 13])
    ]

    assert costs_of(records) == {KEY: 12.0}


def test_runs_count_by_when_they_were_and_not_by_when_they_were_heard_of() -> None:
    """Old logs may be imported after new builds."""
    late = [with_steps(step("deps", 10.0), started=float(day)) for day in range(10, 15)]
    early = with_steps(step("deps", 999.0), started=1.0)

    assert costs_of([*late, early]) == {KEY: 10.0}


def test_a_build_that_is_learnt_twice_counts_once() -> None:
    record = with_steps(step("deps", 10.0))

    samples: Samples = learn(learn({}, record), record)

    assert samples == {KEY: ((1000.0, 10.0),)}


def test_hits_failures_and_cancelled_steps_teach_nothing() -> None:
    steps = [
        replace(step("deps", 3.0), outcome=outcome)
        for outcome in StepOutcome
        if outcome is not StepOutcome.DONE
    ]

    assert costs_of([with_steps(one) for one in steps]) == {}
    assert usual({}) == {}


def test_a_layers_cost_includes_the_downloads_made_for_it() -> None:
    record = build(
        steps=(
            step("fetch a", 3.0, kind=StepKind.FETCH), step("fetch b", 2.0, kind=StepKind.FETCH),
            step("plan", 9.0, kind=StepKind.PLAN),
            step("layer", 4.0, "plan", "fetch a", "fetch b", kind=StepKind.LAYER),
        )
    )  # fmt: skip

    assert efforts(record) == {"layer": 9.0}


def test_a_layers_cost_includes_the_wheel_that_was_built_for_it() -> None:
    record = build(
        steps=(
            step("plan", 9.0, kind=StepKind.PLAN),
            step("wheel of shop", 7.0, kind=StepKind.WHEEL),
            step("layer", 1.0, "plan", "wheel of shop", kind=StepKind.LAYER),
        )
    )

    assert efforts(record) == {"layer": 8.0}
