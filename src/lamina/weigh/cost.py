"""What each distribution costs: its own files, and all that would leave with it; pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lamina.weigh.dominators import retained
from lamina.weigh.graph import Environment, Graph, make_graph
from lamina.weigh.weight import Portion, Weight, total

_ROOT = "+"
"""No distribution has such a name."""


@dataclass(frozen=True, slots=True)
class Cost:
    """``own`` are its files; ``exclusive`` is what leaves the image if it leaves.

    For a direct dependency to leave means that the project no longer names it, so nothing leaves
    while another requires it.  For any other it means that nobody requires it any more.
    """

    own: Portion
    exclusive: Portion


def costs(graph: Graph, weights: Mapping[str, Weight]) -> dict[str, Cost]:
    """Work out the cost of every distribution."""
    successors = _with_lines(graph)
    own = {name: weight.total for name, weight in weights.items()}
    sizes = retained(_ROOT, successors, {name: p.size for name, p in own.items()})
    files = retained(_ROOT, successors, {name: p.files for name, p in own.items()})
    lines = {name: f"{_ROOT}{name}" if name in graph.direct else name for name in own}
    return {
        name: Cost(own[name], Portion(files.get(line, 0), sizes.get(line, 0)))
        for name, line in lines.items()
    }


def saved_without(graph: Graph, weights: Mapping[str, Weight], dropped: Collection[str]) -> Portion:
    """Say what leaves when the project names none of ``dropped`` any more.

    That is more than the sum of what leaves with each, where some share what they require.
    """
    return total(weights[name].total for name in leaving_without(graph, *dropped))


def leaving_without(graph: Graph, *dropped: str) -> frozenset[str]:
    """Name what leaves when the project names none of ``dropped`` any more.

    What only the lock has stays, with all that it requires.
    """
    kept = [name for name in graph.direct if name not in dropped]
    return graph.closure(graph.direct) - graph.closure([*kept, *graph.orphans])


def extras_cost(
    weights: Mapping[str, Weight], direct: Sequence[Requirement], environment: Environment
) -> dict[tuple[str, str], Portion]:
    """Say for each (direct dependency, extra that the project asks for) what leaves without it."""
    graph = make_graph(weights.values(), direct, environment)
    whole = graph.closure(graph.direct)
    found = {}
    for number, requirement in enumerate(direct):
        for extra in sorted(requirement.extras):
            less = Requirement(str(requirement))
            less.extras -= {extra}
            others = [*direct[:number], less, *direct[number + 1 :]]
            without = make_graph(weights.values(), others, environment)
            leaving = whole - without.closure([*without.direct, *graph.orphans])
            if leaving:
                name = str(canonicalize_name(requirement.name))
                found[name, extra] = total(weights[other].total for other in leaving)
    return found


def _with_lines(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Put a node for the project's own line before each direct dependency.

    What nothing requires hangs on the root, so that it counts for nobody.
    """
    lines = {f"{_ROOT}{name}": (name,) for name in graph.direct}
    return {_ROOT: (*lines, *graph.orphans), **lines, **graph.needs}
