"""Which patterns of a diet have met a file, and which are idle."""

from lamina.plan.drops import Drops, idle_drops
from lamina.project.diet_settings import Diet

DIET = Diet(drop=("plotly/package_data", "**/*.so", "typo"))


def test_a_pattern_meets_a_file_below_a_folder_that_it_names() -> None:
    drops = Drops(DIET)

    for path in ("plotly/package_data/a/b.js", "numpy/core.so", "numpy/other.so"):
        drops.see(path)

    assert drops.met == ("plotly/package_data", "**/*.so")


def test_the_metadata_of_a_distribution_is_met_by_none() -> None:
    drops = Drops(Diet(drop=("**",)))

    drops.see("toy-1.0.dist-info/METADATA")

    assert drops.met == ()


def test_a_pattern_that_one_layer_met_is_not_idle() -> None:
    assert idle_drops(DIET, [["**/*.so"], [], ["typo"]]) == ("plotly/package_data",)


def test_of_a_pattern_that_an_unknown_layer_may_have_met_nothing_is_said() -> None:
    assert idle_drops(DIET, [["**/*.so"], None]) == ()


def test_a_pattern_that_is_written_twice_is_named_once() -> None:
    assert idle_drops(Diet(drop=("a", "a")), [[]]) == ("a",)
