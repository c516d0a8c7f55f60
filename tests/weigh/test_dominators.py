"""What is reached only through something leaves with it."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lamina.weigh.dominators import immediate_dominators, retained

Edges = dict[str, list[str]]
NODES = list("abcdefgh")
GRAPHS = st.dictionaries(
    st.sampled_from(["r", *NODES]), st.lists(st.sampled_from(NODES), max_size=5), max_size=9
)
WEIGHTS = st.fixed_dictionaries({node: st.integers(0, 1000) for node in NODES})


def reached(edges: Edges, without: str = "") -> set[str]:
    """List what the root reaches, by brute force, when one node is taken out."""
    seen, waiting = set(), ["r"] if without != "r" else []
    while waiting:
        node = waiting.pop()
        if node not in seen and node != without:
            seen.add(node)
            waiting += edges.get(node, ())
    return seen


def test_of_a_diamond_the_bottom_hangs_on_the_top() -> None:
    edges = {"r": ["a"], "a": ["b", "c"], "b": ["d"], "c": ["d"]}

    assert immediate_dominators("r", edges) == {"a": "r", "b": "a", "c": "a", "d": "a"}


def test_a_shared_node_is_retained_by_neither_of_its_owners() -> None:
    edges = {"r": ["a", "b"], "a": ["c", "d"], "b": ["d"]}

    found = retained("r", edges, {"a": 1, "b": 10, "c": 100, "d": 1000})

    assert found == {"r": 1111, "a": 101, "b": 10, "c": 100, "d": 1000}


def test_a_circle_is_reached_once() -> None:
    edges = {"r": ["a"], "a": ["b"], "b": ["a", "c"], "c": ["b"]}

    assert retained("r", edges, {"a": 1, "b": 2, "c": 4})["a"] == 7


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    names = ["r", *(str(n) for n in range(20_000))]
    edges = {one: [other] for one, other in itertools.pairwise(names)}

    assert retained("r", edges, dict.fromkeys(names, 1))["0"] == 20_000


@given(GRAPHS, WEIGHTS)
def test_what_a_node_retains_is_what_cannot_be_reached_without_it(
    edges: Edges, weights: dict[str, int]
) -> None:
    """The definition, by brute force, for every node of any graph, circles included."""
    everything = reached(edges)

    expected = {
        node: sum(weights.get(other, 0) for other in everything - reached(edges, without=node))
        for node in everything
    }

    assert retained("r", edges, weights) == expected


@given(GRAPHS)
def test_the_immediate_dominator_is_the_nearest_of_all(edges: Edges) -> None:
    everything = reached(edges)
    dominators = {
        node: {
            other for other in everything
            if other != node and node not in reached(edges, without=other)
        }
        for node in everything - {"r"}
    }  # fmt: skip

    found = immediate_dominators("r", edges)

    assert found.keys() == dominators.keys()
    for node, above in found.items():
        assert above in dominators[node]
        assert dominators[node] - {above} == dominators.get(above, set())
