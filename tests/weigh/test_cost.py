"""What leaves the image with a dependency is what nothing else brings in."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from lamina.weigh.budget import culprits
from lamina.weigh.cost import costs, extras_cost, leaving_without, saved_without
from lamina.weigh.weight import Portion
from tests.weigh.weights import LINUX, graph, named, weight

SHAP = named(
    weight("shap", 2, "numba", "numpy"),
    weight("numba", 16, "llvmlite", "numpy"),
    weight("llvmlite", 100),
    weight("numpy", 64),
    weight("pandas", 40, "numpy"),
)
NAMES = list("abcdef")


def test_exclusive_is_what_no_other_dependency_brings() -> None:
    found = costs(graph(SHAP, ["shap", "pandas"]), SHAP)

    assert {name: cost.exclusive.size for name, cost in found.items()} == {
        "shap": 118, "numba": 116, "llvmlite": 100, "numpy": 64, "pandas": 40,
    }  # fmt: skip
    assert found["shap"].own == Portion(1, 2)
    assert found["shap"].exclusive.files == 3


def test_a_direct_dependency_that_another_requires_takes_nothing_along() -> None:
    """To drop numpy from the list changes nothing as long as pandas requires it."""
    found = costs(graph(SHAP, ["pandas", "numpy"]), SHAP)

    assert found["numpy"].exclusive == Portion(0, 0)
    assert found["pandas"].exclusive.size == 40


def test_two_that_share_what_they_require_save_more_together() -> None:
    weights = named(weight("a", 1, "big"), weight("b", 1, "big"), weight("big", 100))
    found = graph(weights, ["a", "b"])

    assert costs(found, weights)["a"].exclusive.size == 1
    assert saved_without(found, weights, ["a", "b"]) == Portion(3, 102)


def test_what_nothing_requires_is_not_counted_as_leaving() -> None:
    weights = named(weight("a", 1), weight("setuptools", 9))

    found = costs(graph(weights, ["a"]), weights)

    assert found["a"].exclusive.size == 1
    assert found["setuptools"].own.size == 9


def test_an_extra_costs_what_leaves_without_it() -> None:
    weights = named(
        weight("uvicorn", 1, "click", "uvloop; extra == 'standard'", "click; extra == 'standard'"),
        weight("click", 2),
        weight("uvloop", 15),
    )

    found = extras_cost(weights, [Requirement("uvicorn[standard]")], LINUX)

    assert found == {("uvicorn", "standard"): Portion(1, 15)}


def test_a_budget_is_broken_by_the_fewest_that_explain_the_excess() -> None:
    found = graph(SHAP, ["shap", "pandas"])
    cost = costs(found, SHAP)

    assert culprits(found, SHAP, cost, excess=10) == ("shap",)
    assert culprits(found, SHAP, cost, excess=119) == ("shap", "pandas")
    assert culprits(found, SHAP, cost, excess=0) == ()


@given(
    st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)), max_size=6),
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
)
def test_what_a_line_costs_is_what_a_second_look_without_it_lacks(
    requires: dict[str, set[str]], direct: list[str]
) -> None:
    """The dominators agree with dropping each direct dependency and looking again."""
    weights = named(*(weight(n, 2**i, *requires.get(n, ())) for i, n in enumerate(NAMES)))
    found = graph(weights, direct)

    cost = costs(found, weights)

    for name in direct:
        leaving = leaving_without(found, name)
        assert cost[name].exclusive.size == sum(weights[n].total.size for n in leaving)
