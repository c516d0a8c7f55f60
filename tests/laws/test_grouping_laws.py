"""Laws of the division into layers that is learnt, held against every division there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.plan.evidence import Evidence
from lamina.plan.grouping import LAYER_COST, expected_bytes, expected_cost, group, improve
from lamina.plan.partition import partition
from tests.plan.histories import wheel

NEAR = 1.2
"""Searches of this kind do not always find the best; how far off they may be."""


@dataclass(frozen=True)
class Case:
    sizes: dict[str, int]
    evidence: Evidence
    budget: int


@st.composite
def cases(draw: st.DrawFn, most: int) -> Case:
    names = [f"w{n}" for n in range(draw(st.integers(0, most)))]
    sizes = {name: draw(st.integers(0, 200_000_000)) for name in names}
    some = st.frozensets(st.sampled_from(names), min_size=1) if names else st.just(frozenset())
    changes = tuple(draw(st.lists(some, max_size=12)))
    evidence = Evidence(names=frozenset(names), changes=changes)
    return Case(sizes=sizes, evidence=evidence, budget=draw(st.integers(1, 6)))


def divisions(names: list[str]) -> Iterator[list[list[str]]]:
    """Every way to divide names into layers."""
    if not names:
        yield []
        return
    first, *rest = names
    for layers in divisions(rest):
        yield [[first], *layers]
        for number, layer in enumerate(layers):
            yield [*layers[:number], [first, *layer], *layers[number + 1 :]]


@given(cases(most=30))
def test_every_distribution_is_in_one_layer_and_the_budget_is_kept(case: Case) -> None:
    groups = group(case.sizes, case.evidence, budget=case.budget)

    assert sorted(name for names in groups for name in names) == sorted(case.sizes)
    assert len(groups) <= case.budget


@settings(max_examples=150, deadline=None)
@given(cases(most=6))
def test_few_distributions_are_divided_nearly_as_well_as_can_be(case: Case) -> None:
    groups = group(case.sizes, case.evidence, budget=case.budget)
    allowed = (d for d in divisions(sorted(case.sizes)) if len(d) <= case.budget)

    best = min(expected_cost(d, case.sizes, case.evidence) for d in allowed)
    assert expected_cost(groups, case.sizes, case.evidence) <= NEAR * best + 1


@given(cases(most=12), st.randoms())
def test_the_order_in_which_sizes_are_known_does_not_matter(case: Case, random: Random) -> None:
    names = random.sample(sorted(case.sizes), len(case.sizes))
    shuffled = {name: case.sizes[name] for name in names}

    one, two = (group(s, case.evidence, budget=case.budget) for s in (case.sizes, shuffled))

    assert one == two


@given(cases(most=12))
def test_one_layer_is_what_a_budget_of_one_leaves(case: Case) -> None:
    groups = group(case.sizes, case.evidence, budget=1)

    assert len(groups) == bool(case.sizes)


@given(cases(most=20))
def test_what_is_learnt_costs_no_more_than_one_layer(case: Case) -> None:
    groups = group(case.sizes, case.evidence, budget=case.budget)
    alone = [sorted(case.sizes)] if case.sizes else []

    cost = expected_cost(groups, case.sizes, case.evidence)
    assert cost <= expected_cost(alone, case.sizes, case.evidence) + 1


@given(cases(most=12), st.data())
def test_layers_in_use_are_changed_only_if_that_pays(case: Case, data: st.DataObject) -> None:
    """What is new in it moves once, and that is counted."""
    places = {name: data.draw(st.integers(0, 4)) for name in sorted(case.sizes)}
    layers = [[n for n, place in places.items() if place == number] for number in range(5)]
    now = [names for names in layers if names]

    groups = improve(now, case.sizes, case.evidence, budget=5)

    before, after = (expected_cost(x, case.sizes, case.evidence, now=now) for x in (now, groups))
    assert after <= before + 1
    assert len(groups) <= 5
    assert sorted(name for names in groups for name in names) == sorted(case.sizes)


@given(cases(most=20))
def test_what_is_expected_is_at_most_all(case: Case) -> None:
    groups = group(case.sizes, case.evidence, budget=case.budget)

    expected = expected_bytes(groups, case.sizes, case.evidence)
    assert 0 <= expected <= sum(case.sizes.values())
    cost = expected_cost(groups, case.sizes, case.evidence)
    assert cost == expected + LAYER_COST * len(groups)


@given(cases(most=12))
def test_a_build_makes_the_layers_that_were_learnt(case: Case) -> None:
    groups = group(case.sizes, case.evidence, budget=case.budget)
    wheels = [wheel(name, size) for name, size in case.sizes.items()]

    layers = partition(wheels, groups=groups)

    assert [sorted(w.name for w in layer.wheels) for layer in layers] == [
        sorted(names) for names in groups
    ]


@given(cases(most=8), st.data())
def test_a_change_of_one_wheel_changes_its_layer_and_no_other(
    case: Case, data: st.DataObject
) -> None:
    """Whatever was written down, and however large the new version is."""
    groups = group(case.sizes, case.evidence, budget=case.budget)
    if not case.sizes:
        return
    name = data.draw(st.sampled_from(sorted(case.sizes)))
    size = data.draw(st.integers(0, 500_000_000))
    wheels = [wheel(n, s) for n, s in case.sizes.items()]
    changed = [wheel(name, size, "2") if w.name == name else w for w in wheels]

    before, after = partition(wheels, groups=groups), partition(changed, groups=groups)

    different = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [name in [w.name for w in layer.wheels] for layer in different] == [True]
