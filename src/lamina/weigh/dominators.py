"""Dominators of a graph: what can be reached only through what (Cooper, Harvey and Kennedy)."""

from collections.abc import Mapping, Sequence

Successors = Mapping[str, Sequence[str]]


def immediate_dominators(root: str, successors: Successors) -> dict[str, str]:
    """Map each node that ``root`` reaches, itself left out, to its nearest dominator.

    A node dominates another when every way from the root to the other leads through it.
    """
    order = _postorder(root, successors)
    number = {node: n for n, node in enumerate(order)}
    predecessors: dict[str, list[str]] = {node: [] for node in order}
    for node in order:
        for successor in successors.get(node, ()):
            predecessors[successor].append(node)
    found = {root: root}
    changed = True
    while changed:
        changed = False
        for node in reversed(order[:-1]):  # the root comes last
            new = ""
            for above in predecessors[node]:
                if above in found:
                    new = _nearest_common(above, new, found, number) if new else above
            if found.get(node) != new:
                found[node] = new
                changed = True
    del found[root]
    return found


def retained(root: str, successors: Successors, weights: Mapping[str, int]) -> dict[str, int]:
    """Map each reachable node to the weight that is reached through it alone, its own included."""
    above = immediate_dominators(root, successors)
    order = _postorder(root, successors)
    found = {node: weights.get(node, 0) for node in order}
    children: dict[str, list[str]] = {}
    for node, dominator in above.items():
        children.setdefault(dominator, []).append(node)
    for node in _postorder(root, children):
        found[node] += sum(found[child] for child in children.get(node, ()))
    return found


def _postorder(root: str, successors: Successors) -> list[str]:
    """List what the root reaches, each node after those first reached from it."""
    order: list[str] = []
    seen = {root}
    stack = [(root, iter(successors.get(root, ())))]
    while stack:
        node, rest = stack[-1]
        following = next((other for other in rest if other not in seen), None)
        if following is None:
            order.append(node)
            stack.pop()
            continue
        seen.add(following)
        stack.append((following, iter(successors.get(following, ()))))
    return order


def _nearest_common(
    one: str, other: str, found: Mapping[str, str], number: Mapping[str, int]
) -> str:
    while one != other:
        while number[one] < number[other]:
            one = found[one]
        while number[other] < number[one]:
            other = found[other]
    return one
