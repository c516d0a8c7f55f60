"""Budgets on builds whose figures can be checked by eye, and who is blamed."""

from dataclasses import replace

import pytest

from lamina.history import budget
from lamina.history.blame import Culprit
from lamina.history.budget import Standing, Verdict, check
from lamina.history.costs import Samples, learn
from lamina.history.record import (
    BuildOutcome,
    BuildRecord,
    ImageRecord,
    StepKind,
    StepOutcome,
)
from lamina.history.rows import row_of
from lamina.history.situation import Situation
from lamina.history.spread import Spread, spread
from lamina.plan.component import Component
from lamina.project.budgets import Allowance, Budgets
from tests.history.builds import build, layer, step, with_layers, with_steps


def situation(
    record: BuildRecord, *before: BuildRecord, causes: dict[str, str] | None = None
) -> Situation:
    """Set a build among those before it, which come oldest first."""
    samples: Samples = {}
    rows, previous = [], None
    for number, earlier in enumerate(before):
        earlier = replace(earlier, id=f"before{number}", started=100.0 + number)  # noqa: PLW2901
        rows.append(row_of(earlier, samples, previous))
        samples, previous = learn(samples, earlier), earlier
    return Situation(
        row=row_of(record, samples, previous), record=record, earlier=tuple(rows[::-1]),
        previous=previous, causes=causes or {},
    )  # fmt: skip


def lasting(*seconds: float) -> list[BuildRecord]:
    return [build(seconds=value) for value in seconds]


def with_image(size: int, *layers: object, **members: object) -> BuildRecord:
    images = (ImageRecord(digest=f"sha256:{size}", size=size),)
    return with_layers(*layers, images=images, **members)  # type: ignore[arg-type]


def only(verdicts: tuple[Verdict, ...]) -> Verdict:
    (verdict,) = verdicts
    return verdict


def test_nothing_is_checked_where_there_is_no_budget() -> None:
    assert check(Budgets(), situation(build(seconds=9000.0))) == ()


def test_seconds_are_held_against_a_number() -> None:
    budgets = Budgets(seconds=60)

    assert only(check(budgets, situation(build(seconds=60.0)))).standing is Standing.KEPT
    assert only(check(budgets, situation(build(seconds=60.1)))).standing is Standing.BROKEN


def test_seconds_are_held_against_the_recent_median_and_its_spread() -> None:
    """The median of 10, 12, 14, 16, 18 is 14, and half of them are 2 from it or nearer."""
    budgets = Budgets(seconds=Allowance(mads=3))
    before = lasting(10, 12, 14, 16, 18)

    kept = only(check(budgets, situation(build(seconds=20.0), *before)))
    broken = only(check(budgets, situation(build(seconds=20.1), *before)))

    assert (kept.standing, kept.limit) == (Standing.KEPT, 20.0)
    assert broken.standing is Standing.BROKEN
    assert broken.basis == "the median of the last 5 builds and 3 times their spread"


def test_builds_that_are_all_alike_may_still_vary_by_a_tenth() -> None:
    verdict = only(
        check(Budgets(seconds=Allowance(mads=3)), situation(build(), *lasting(*[50] * 5)))
    )

    assert verdict.limit == pytest.approx(55)


def test_short_builds_may_vary_by_a_second() -> None:
    verdict = only(
        check(Budgets(seconds=Allowance(mads=3)), situation(build(), *lasting(*[0.2] * 5)))
    )

    assert verdict.limit == pytest.approx(1.2)


def test_seconds_may_be_a_share_above_the_median() -> None:
    verdict = only(
        check(Budgets(seconds=Allowance(share=0.5)), situation(build(), *lasting(*[50] * 5)))
    )

    assert verdict.limit == 75


def test_only_the_last_ten_builds_count() -> None:
    before = lasting(*[500] * 20, *[50] * 10)

    verdict = only(check(Budgets(seconds=Allowance(share=0.2)), situation(build(), *before)))

    assert verdict.limit == 60


def test_four_builds_are_too_few_for_a_median() -> None:
    verdict = only(
        check(
            Budgets(seconds=Allowance(mads=3)), situation(build(seconds=1e6), *lasting(1, 1, 1, 1))
        )
    )

    assert verdict.standing is Standing.UNKNOWN
    assert verdict.basis == "4 of the 5 builds that a median needs"


def test_the_step_that_made_a_build_slow_is_blamed_with_its_cause() -> None:
    """The export always takes 20 s, so it is not the reason that this build took 80 more."""
    export = step("export", 20.0, "deps", kind=StepKind.EXPORT)
    before = with_steps(step("deps", 0.0, cached=True), export, seconds=20.0)
    slow = with_steps(step("deps", 80.0), export, seconds=100.0)

    verdict = only(
        check(
            Budgets(seconds=60),
            situation(slow, before, causes={"deps": "requirements.txt changed"}),
        )
    )

    assert verdict.culprits == (
        Culprit(name="RUN deps", seconds=80.0, cause="requirements.txt changed"),
    )


def test_a_build_that_was_always_slow_blames_its_longest_steps() -> None:
    slow = with_steps(step("a", 70.0), step("b", 5.0, started=1), seconds=75.0)

    verdict = only(check(Budgets(seconds=60), situation(slow, slow)))

    assert [culprit.name for culprit in verdict.culprits] == ["RUN a"]


def test_a_step_that_ran_because_of_another_says_so() -> None:
    before = with_steps(step("a", 0.0, cached=True), step("b", 0.0, "a", cached=True))
    after = with_steps(step("a", 10.0), step("b", 30.0, "a", started=10), seconds=40.0)

    verdict = only(check(Budgets(seconds=20), situation(after, before)))

    assert [(c.name, c.cause) for c in verdict.culprits] == [
        ("RUN b", "after RUN a"),
        ("RUN a", ""),
    ]


def test_an_image_may_be_so_large_and_the_layers_that_grew_are_blamed() -> None:
    before = with_image(100, layer("base", 60, Component.BASE), layer("deps", 40))
    old = replace(layer("deps", 40), part="deps", distributions=("torch==2.1", "numpy==2.0"))
    new = replace(layer("deps 2", 90), part="deps", distributions=("torch==2.2", "numpy==2.0"))
    before = replace(before, layers=(before.layers[0], old))
    after = with_image(150, layer("base", 60, Component.BASE), new)

    verdict = only(check(Budgets(image_size=120), situation(after, before)))

    assert (verdict.actual, verdict.limit, verdict.is_broken) == (150, 120, True)
    assert verdict.culprits == (
        Culprit(name="layer deps", bytes=50, cause="torch 2.1 \N{RIGHTWARDS ARROW} 2.2"),
    )


def test_a_first_image_that_is_too_large_blames_its_largest_layers() -> None:
    verdict = only(
        check(Budgets(image_size=120), situation(with_image(150, layer("a", 5), layer("b", 145))))
    )

    assert [(c.name, c.bytes) for c in verdict.culprits] == [("layer b", 145)]


def test_the_size_of_an_image_that_nobody_told_is_not_checked() -> None:
    assert only(check(Budgets(image_size=1), situation(build()))).standing is Standing.UNKNOWN


@pytest.mark.parametrize(
    ("budgets", "limit"), [(Budgets(growth_share=0.05), 50.0), (Budgets(growth=50), 50.0)]
)
def test_growth_is_a_share_of_the_image_before_or_bytes(budgets: Budgets, limit: float) -> None:
    kept = only(check(budgets, situation(with_image(1050), with_image(1000))))
    broken = only(check(budgets, situation(with_image(1051), with_image(1000))))

    assert (kept.actual, kept.limit, kept.standing) == (50, limit, Standing.KEPT)
    assert broken.standing is Standing.BROKEN


def test_an_image_that_shrinks_keeps_to_any_growth() -> None:
    verdict = only(check(Budgets(growth=0), situation(with_image(900), with_image(1000))))

    assert (verdict.actual, verdict.standing) == (-100, Standing.KEPT)


def test_a_first_image_has_no_growth() -> None:
    assert only(check(Budgets(growth=0), situation(with_image(9)))).standing is Standing.UNKNOWN


def test_the_hit_rate_is_held_against_a_number_and_the_first_miss_is_blamed() -> None:
    """RUN b usually takes 9 s of 10, so a build in which it missed hit a tenth of the time."""
    cold = with_steps(step("a", 1.0), step("b", 9.0), seconds=10.0)
    after = with_steps(step("a", 0.0, cached=True), step("b", 9.0), seconds=9.0)

    verdict = only(
        check(Budgets(hit_rate=0.8), situation(after, cold, causes={"b": "an argument changed"}))
    )

    assert verdict.actual == pytest.approx(0.1)
    assert verdict.culprits == (Culprit(name="RUN b", seconds=9.0, cause="an argument changed"),)


def test_a_first_build_had_nothing_to_hit() -> None:
    verdict = only(check(Budgets(hit_rate=0.8), situation(with_steps(step("a", 1.0)))))

    assert verdict.standing is Standing.UNKNOWN


def test_reuse_is_held_against_a_number_and_the_largest_new_layer_is_blamed() -> None:
    before = with_layers(layer("a", 90), layer("b", 10))
    after = with_layers(layer("a2", 90), layer("b", 10))

    verdict = only(check(Budgets(reuse=0.5), situation(after, before)))

    assert (verdict.actual, verdict.is_broken) == (0.1, True)
    assert [(c.name, c.bytes) for c in verdict.culprits] == [("layer a2", 90)]


def test_a_build_that_failed_is_one_verdict_with_what_its_step_said() -> None:
    failed = replace(step("a", 3.0), outcome=StepOutcome.FAILED, error="exit code: 3")
    record = with_steps(failed, outcome=BuildOutcome.FAILED)

    verdict = only(check(Budgets(seconds=60, image_size=1), situation(record)))

    assert (verdict.budget, verdict.is_broken) == ("outcome", True)
    assert verdict.culprits == (Culprit(name="RUN a", seconds=3.0, cause="exit code: 3"),)


def test_at_most_three_are_blamed_and_none_for_a_trifle() -> None:
    steps = [step(name, seconds) for name, seconds in zip("abcde", (9, 50, 40, 30, 1), strict=True)]

    verdict = only(check(Budgets(seconds=60), situation(with_steps(*steps, seconds=130.0))))

    assert [c.name for c in verdict.culprits] == ["RUN b", "RUN c", "RUN d"]


def test_the_spread_is_that_of_the_figures_that_there_are() -> None:
    assert spread([3, None, 1, 8]) == Spread(count=3, median=3, mad=2)
    assert spread([None]) is None


def test_what_a_median_needs_is_less_than_what_it_looks_at() -> None:
    assert budget.ENOUGH < budget.RECENT
