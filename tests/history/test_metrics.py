"""Each metric on builds whose figures can be checked by eye, and laws on all others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.history import metrics
from lamina.history.costs import costs_of
from lamina.history.fold import Header, fold
from lamina.history.graph import critical_path
from lamina.history.metrics import Costs, Ledger, Reuse
from lamina.history.record import (
    BuildRecord,
    StepKind,
    StepOutcome,
    TransferRecord,
    WheelRecord,
)
from lamina.plan.component import Component
from lamina.trace.fold import fold_solve
from tests.history import builds
from tests.history.builds import COLD, WARM, build, layer, step, with_layers, with_steps
from tests.trace.logs_of import solve_of

COSTS = {step("deps", 0).key: 100.0, step("copy", 0).key: 1.0, step("app", 0).key: 9.0}

CODE_EDIT = with_steps(
    step("context", 0.2, kind=StepKind.CONTEXT),
    step("deps", 0.0, cached=True),
    step("copy", 1.5, "deps", "context", kind=StepKind.COPY, started=1),
    step("app", 8.0, "copy", started=3),
    step("export", 4.0, "app", kind=StepKind.EXPORT, started=11),
    seconds=15.0,
)
"""Dependencies cached, the project's files copied and compiled again."""

FULLY_CACHED = with_steps(
    step("internal", 0.1, kind=StepKind.INTERNAL),
    step("deps", 0.0, cached=True),
    step("copy", 0.0, cached=True, kind=StepKind.COPY),
    step("app", 0.0, cached=True),
)


def test_the_step_hit_rate_counts_steps_that_a_cache_could_have_saved() -> None:
    assert metrics.step_hit_rate(CODE_EDIT) == 1 / 3


def test_steps_that_were_cancelled_before_they_ran_are_neither_hit_nor_miss() -> None:
    gone = replace(step("late", 0), outcome=StepOutcome.CANCELLED)

    assert metrics.step_hit_rate(with_steps(step("a", 1, cached=True), gone)) == 1


def test_a_step_that_failed_is_a_miss() -> None:
    failed = replace(step("late", 3), outcome=StepOutcome.FAILED)

    assert metrics.step_hit_rate(with_steps(step("a", 1, cached=True), failed)) == 0.5


def test_the_time_hit_rate_weighs_steps_by_what_they_usually_cost() -> None:
    assert metrics.time_hit_rate(CODE_EDIT, COSTS) == 100 / 110


def test_a_fully_cached_build_hits_all_of_the_time() -> None:
    """Whose steps that can never be cached make Docker's own counter say 75 % here."""
    assert metrics.time_hit_rate(FULLY_CACHED, COSTS) == 1
    assert metrics.time_hit_rate(FULLY_CACHED, {}) == 1
    assert metrics.step_hit_rate(FULLY_CACHED) == 1


def test_a_step_without_a_known_cost_counts_with_what_it_took() -> None:
    record = with_steps(step("new", 30.0), step("deps", 0.0, cached=True))

    assert metrics.time_hit_rate(record, COSTS) == 100 / 130


def test_a_build_without_cacheable_steps_has_no_rates() -> None:
    record = with_steps(step("context", 2.0, kind=StepKind.CONTEXT))

    assert metrics.step_hit_rate(record) is None
    assert metrics.time_hit_rate(record, {}) is None


def test_the_ledger_takes_off_what_the_cache_itself_cost() -> None:
    record = with_steps(
        step("manifest", 2.0, kind=StepKind.CACHE_IMPORT),
        step("deps", 12.0, cached=True),
        step("app", 9.0),
        step("cache", 30.0, kind=StepKind.CACHE_EXPORT),
    )

    found = metrics.ledger(record, COSTS)

    assert found == Ledger(earned=100.0, imported=2.0, fetched=12.0, exported=30.0)
    assert found.net == 56.0
    assert metrics.seconds_saved(record, COSTS) == 56.0


def test_a_ledger_is_made_again_of_what_was_saved_then() -> None:
    """What steps cost is learnt on, and the figures of a build stay those of its day."""
    record = with_steps(
        step("deps", 12.0, cached=True), step("cache", 30.0, kind=StepKind.CACHE_EXPORT)
    )

    assert metrics.ledger_of(record, saved=58.0) == metrics.ledger(record, COSTS)


def test_a_cache_that_costs_more_than_it_saves_has_a_negative_net() -> None:
    record = with_steps(
        step("copy", 0.0, cached=True), step("cache", 30.0, kind=StepKind.CACHE_EXPORT)
    )

    assert metrics.seconds_saved(record, COSTS) == -29.0


def test_wall_seconds_saved_follow_the_longest_way() -> None:
    """Everything would have run in 0 + 100 + 1 + 9 + 4 s one after the other, and took 15."""
    assert metrics.wall_seconds_saved(CODE_EDIT, COSTS) == pytest.approx(114 - 15)


def test_reuse_is_counted_in_bytes_and_apart_from_the_base() -> None:
    base = layer("base", 900, Component.BASE)
    before = with_layers(base, layer("deps", 80), layer("app 1", 20))
    after = with_layers(base, layer("deps", 80), layer("app 2", 20))

    found = metrics.layer_reuse(after, before)

    assert found == Reuse(total=1000, shared=980, base_total=900, base_shared=900)
    assert found.rate == 0.98
    assert found.rate_above_base == 0.8
    assert metrics.pull_delta(after, before) == 20


def test_a_first_image_shares_nothing_and_has_to_be_pulled_whole() -> None:
    record = with_layers(layer("deps", 80))

    assert metrics.layer_reuse(record, None).rate == 0
    assert metrics.pull_delta(record, None) == 80


def test_a_layer_that_two_platforms_share_is_pulled_once() -> None:
    record = with_layers(layer("data", 80), layer("data", 80))

    assert metrics.pull_delta(record, None) == 80
    assert metrics.size_by_component(record) == {Component.DEPENDENCIES: 80}


def test_an_image_without_layers_has_no_reuse() -> None:
    assert metrics.layer_reuse(build(), build()).rate is None
    assert metrics.layer_reuse(build(), build()).rate_above_base is None


def test_size_is_divided_by_component() -> None:
    record = with_layers(
        layer("a", 5, Component.BASE), layer("b", 7), layer("c", 8), layer("d", 1,
        Component.APPLICATION),
    )  # fmt: skip

    assert metrics.size_by_component(record) == {
        Component.BASE: 5, Component.DEPENDENCIES: 15, Component.APPLICATION: 1,
    }  # fmt: skip


def test_the_cost_of_a_miss_is_the_chain_that_ran_because_of_it() -> None:
    """`copy` missed, and `app` only because of that; the export would have come anyway."""
    found = metrics.miss_cost(CODE_EDIT)

    assert found is not None
    assert (found.step, found.seconds, found.chain) == ("copy", 9.5, ("copy", "app"))


def test_the_first_root_miss_on_the_longest_way_is_charged() -> None:
    """An earlier one beside it cost nobody any waiting."""
    record = with_steps(
        step("late", 50.0, started=9), step("early", 3.0, started=1), step("below", 4.0, "early"),
        step("elsewhere", 90.0, "late"),
    )  # fmt: skip

    found = metrics.miss_cost(record)

    assert found is not None
    assert (found.step, found.seconds) == ("late", 140.0)


def test_a_root_miss_is_charged_where_none_is_on_the_longest_way() -> None:
    """As when all wait for the base to be pulled."""
    record = with_steps(
        step("pull", 90.0, kind=StepKind.BASE), step("2", 3.0, started=2), step("10", 4.0,
        started=2),
    )  # fmt: skip

    found = metrics.miss_cost(record)

    assert found is not None
    assert (found.step, found.seconds) == ("2", 3.0)


def test_the_miss_of_a_real_log_is_the_one_that_the_build_waited_for() -> None:
    """Two stages began together with a miss: `other` took 3.2 s, `builder` 0.2 and 4.2."""
    solve = solve_of("buildkit-cold.plain")
    record = fold_solve(Header(id="b", kind="trace"), solve, started=1.0)

    found = metrics.miss_cost(record)

    names = {step.id: step.name for step in record.steps}
    assert found is not None
    assert names[found.step] == "[builder 1/4] WORKDIR /w"
    assert found.seconds == pytest.approx(0.2 + 4.2)


def test_a_build_without_a_miss_has_no_cost_of_one() -> None:
    assert metrics.miss_cost(FULLY_CACHED) is None


def test_bytes_that_moved_are_those_of_downloads_and_uploads() -> None:
    record = build(
        wheels=(WheelRecord(name="a", digest="d", bytes=7), WheelRecord(name="b", digest="e",
                bytes=0)),
        transfers=tuple(TransferRecord(digest=how, size=10, how=how)
                        for how in ("uploaded", "mounted", "present")),
    )  # fmt: skip

    assert metrics.fetched_bytes(record) == 7
    assert metrics.pushed_bytes(record) == 10


def test_the_second_of_two_equal_builds_saved_what_the_first_one_took() -> None:
    """4 s of base, 3 of its wheel and 4 of its layer, 1 of the environment."""
    header = Header(id="b", engine="native")
    cold, warm = fold(header, COLD), fold(header, WARM)

    costs = costs_of([cold])

    assert metrics.time_hit_rate(cold, {}) == 0
    assert metrics.time_hit_rate(warm, costs) == 1
    assert metrics.seconds_saved(warm, costs) == 12
    assert metrics.layer_reuse(warm, cold).rate == 1
    assert metrics.pull_delta(warm, cold) == 0
    assert metrics.time_by_phase(cold) == dict(cold.phases)


costs = st.dictionaries(builds.step_records.map(lambda s: s.key), st.floats(0, 1e12), max_size=4)


@given(builds.records, builds.records, costs)
def test_rates_lie_between_nothing_and_all(
    record: BuildRecord, previous: BuildRecord, costs: Costs
) -> None:
    reuse = metrics.layer_reuse(record, previous)
    found = (
        metrics.step_hit_rate(record), metrics.time_hit_rate(record, costs), reuse.rate,
        reuse.rate_above_base,
    )  # fmt: skip

    assert all(rate is None or 0 <= rate <= 1 for rate in found)


@given(builds.records, costs)
def test_no_record_breaks_a_metric(record: BuildRecord, costs: Costs) -> None:
    found = metrics.ledger(record, costs)
    metrics.wall_seconds_saved(record, costs)
    miss = metrics.miss_cost(record)

    assert found.earned >= 0
    assert sum(metrics.size_by_component(record).values()) == metrics.pull_delta(record, None)
    assert (miss is None) == (not any(s.is_miss for s in record.steps))
    assert critical_path(record).seconds >= 0
