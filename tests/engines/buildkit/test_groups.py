"""Distributions are installed in a few groups, in the order of the plan's layers."""

from lamina.engines.buildkit.groups import MOST_GROUPS, groups_of
from tests.engines.buildkit.plans import MB, plan


def test_groups_are_in_the_order_of_the_plan_and_named_after_the_largest() -> None:
    groups = groups_of(
        plan({"click": 100_000, "torch": 800 * MB, "idna": 50_000, "numpy": 18 * MB})
    )

    assert [group.name for group in groups] == ["group-1-torch", "group-2-numpy", "group-3-click"]
    assert groups[2].distributions == ("click", "idna")
    assert groups[2].size == 150_000


def test_neighbours_share_a_group_when_there_are_too_many() -> None:
    sizes = {f"lib{number}": (30 - number) * MB for number in range(20)}

    groups = groups_of(plan(sizes))

    assert len(groups) == MOST_GROUPS
    listed = [name for group in groups for name in group.distributions]
    assert sorted(listed) == sorted(sizes)
    assert groups[0].distributions[0] == "lib0"


def test_without_sizes_all_are_one_group() -> None:
    assert [group.name for group in groups_of(plan({"a": 0, "b": 0}))] == ["group-1-dependencies"]


def test_a_project_without_dependencies_has_no_group() -> None:
    assert groups_of(plan({})) == ()
