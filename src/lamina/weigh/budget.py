"""Who broke a budget: the fewest direct dependencies without which it would hold; pure."""

from collections.abc import Mapping

from lamina.weigh.cost import Cost, saved_without
from lamina.weigh.graph import Graph
from lamina.weigh.weight import Weight


def culprits(
    graph: Graph, weights: Mapping[str, Weight], costs: Mapping[str, Cost], *, excess: int
) -> tuple[str, ...]:
    """Name direct dependencies, the heaviest first, until what leaves with them is ``excess``."""
    named: list[str] = []
    order = sorted(graph.direct, key=lambda name: (-costs[name].exclusive.size, name))
    for name in order:
        if saved_without(graph, weights, named).size >= excess:
            break
        named.append(name)
    return tuple(named)
