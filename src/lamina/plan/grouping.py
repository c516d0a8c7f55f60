"""Grouping: the division of wheels into layers that is expected to move the fewest bytes; pure.

A layer moves whole whenever any of its wheels changes, so it costs its size times the likelihood
of that, and a little for being there at all.  Two layers are put together as long as that costs
least, or is wanted for want of room; then single wheels are moved for as long as it helps.
Laws hold the result to the best of all divisions of few wheels.

Another division than that in use costs more: each layer that is new moves once, which has to pay
within a number of changes of the lock.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, count
from typing import Final

from lamina.plan.evidence import Evidence

Groups = tuple[tuple[str, ...], ...]
"""Names of distributions, layer by layer from the bottom up, the largest of each layer first."""

LAYER_COST: Final = 100_000
"""What one more layer costs each push, as bytes: a question to the registry takes that long."""
PAID_BACK: Final = 20
"""Within how many changes of the lock a layer that is new has to pay for having been moved."""
_ROUNDS: Final = 20
_FEW: Final = 200
"""For more distributions one search has to do, lest people wait."""
_MANY: Final = 300
"""All pairs of so many are compared; of more, the smallest begin together."""
_IN_USE: Final[frozenset[frozenset[str]]] = frozenset()


def expected_bytes(
    layers: Iterable[Sequence[str]], sizes: Mapping[str, int], evidence: Evidence
) -> float:
    """Estimate the bytes of the layers that the next change of the lock changes."""
    return sum(sum(sizes[name] for name in names) * evidence.likelihood(names) for names in layers)


def expected_cost(
    layers: Sequence[Sequence[str]],
    sizes: Mapping[str, int],
    evidence: Evidence,
    *,
    now: Sequence[Sequence[str]] | None = None,
) -> float:
    """Estimate what a division costs for each change: bytes, and layers as bytes.

    Where there are layers in use ``now``, that includes its part of moving once what is new.
    """
    there = set(map(frozenset, layers if now is None else now))
    new = [names for names in layers if frozenset(names) not in there]
    once = sum(sizes[name] for names in new for name in names)
    known = expected_bytes(layers, sizes, evidence) + LAYER_COST * len(layers)
    return known + once / PAID_BACK


def group(sizes: Mapping[str, int], evidence: Evidence, *, budget: int) -> Groups:
    """Divide distributions of these sizes (bytes) into ``budget`` layers at most.

    What is large and seldom changes is at the bottom, for nodes unpack all that is above a change.
    """
    search = _Search(sizes, evidence, budget, _IN_USE)
    starts = [search.joined()]
    if len(sizes) <= _FEW:
        starts.append(search.largest_alone())
    return search.ordered(min(map(search.improved, starts), key=_total))


def improve(
    now: Sequence[Sequence[str]], sizes: Mapping[str, int], evidence: Evidence, *, budget: int
) -> Groups:
    """Change the layers in use where that pays, and leave the others as they are."""
    search = _Search(sizes, evidence, budget, frozenset(map(frozenset, now)))
    return search.ordered(search.improved(search.given(now)))


@dataclass(frozen=True, slots=True)
class _Group:
    """Names, their bytes, the changes of the lock that changed any of them, and what it costs."""

    names: tuple[str, ...]
    size: int
    mask: int
    cost: float


class _Search:
    def __init__(
        self,
        sizes: Mapping[str, int],
        evidence: Evidence,
        budget: int,
        in_use: frozenset[frozenset[str]],
    ) -> None:
        self._evidence = evidence
        self._budget = budget
        self._in_use = in_use
        order = sorted(sizes, key=lambda name: (-sizes[name], name))
        self._rank = {name: rank for rank, name in enumerate(order)}
        self._alone = [self._group((name,), sizes[name], evidence.mask(name)) for name in order]

    def joined(self) -> list[_Group]:
        """Begin with all alone; join the two that gain most or lose least, again and again."""
        alive = dict(enumerate(self._apart()))
        numbers = count(len(alive))
        queue = [(self._joining(alive[a], alive[b]), a, b) for a, b in combinations(alive, 2)]
        heapq.heapify(queue)
        while queue and (len(alive) > self._budget or queue[0][0] < 0):
            _, a, b = heapq.heappop(queue)
            if a in alive and b in alive:
                new, group = next(numbers), self._together(alive.pop(a), alive.pop(b))
                for other, found in alive.items():
                    heapq.heappush(queue, (self._joining(found, group), other, new))
                alive[new] = group
        return list(alive.values())

    def _apart(self) -> list[_Group]:
        """Put all apart; of very many, the smallest that changed equally often share a layer."""
        shared: dict[int, list[_Group]] = {}
        for alone in self._alone[_MANY:]:
            shared.setdefault(alone.mask.bit_count(), []).append(alone)
        return [*self._alone[:_MANY], *(reduce(self._together, few) for few in shared.values())]

    def largest_alone(self) -> list[_Group]:
        """Put the largest apart, as far as the budget goes, and all others together."""
        rest = self._alone[self._budget - 1 :]
        return [*self._alone[: self._budget - 1], *([reduce(self._together, rest)] if rest else [])]

    def given(self, layers: Iterable[Sequence[str]]) -> list[_Group]:
        """Begin with these layers."""
        alone = [[self._alone[self._rank[name]] for name in names] for names in layers]
        return [reduce(self._together, groups) for groups in alone]

    def improved(self, groups: list[_Group]) -> list[_Group]:
        """Move single distributions to other layers, or into a new one, until no move helps."""
        for _ in range(_ROUNDS):
            before = _total(groups)
            for alone in self._alone:
                groups = self._placed(alone, groups)
            if _total(groups) > before - 1:  # less than a byte, which is rounding
                break
        return groups

    def ordered(self, groups: Iterable[_Group]) -> Groups:
        """Sort layers so that for each two neighbours what nodes are likely to unpack is least."""
        found = sorted(groups, key=lambda group: (self._odds(group), min(group.names)))
        return tuple(tuple(sorted(g.names, key=self._rank.__getitem__)) for g in found)

    def _odds(self, group: _Group) -> float:
        likely = self._evidence.likelihood_of(group.mask, len(group.names))
        return likely / max(1 - likely, 1e-9) / max(group.size, 1)

    def _placed(self, alone: _Group, groups: list[_Group]) -> list[_Group]:
        name = alone.names[0]
        home = next(group for group in groups if name in group.names)
        left = self._without(home, name)
        others = [group for group in groups if group is not home]
        stays = home.cost - left.cost
        gains = [self._joining(group, alone) + alone.cost for group in others]
        best = min(range(len(gains)), key=gains.__getitem__, default=-1)
        rest = [left] if left.names else []
        if len(others) + len(rest) < self._budget and alone.cost < min([stays, *gains]):
            return [*others, *rest, alone]
        if best < 0 or gains[best] >= stays:
            return groups
        others[best] = self._together(others[best], alone)
        return [*others, *rest]

    def _joining(self, one: _Group, two: _Group) -> float:
        names = one.names + two.names if self._in_use else ()
        count = len(one.names) + len(two.names)
        together = self._cost(names, count, one.size + two.size, one.mask | two.mask)
        return together - one.cost - two.cost

    def _together(self, one: _Group, two: _Group) -> _Group:
        return self._group(one.names + two.names, one.size + two.size, one.mask | two.mask)

    def _without(self, group: _Group, name: str) -> _Group:
        parts = [self._alone[self._rank[other]] for other in group.names if other != name]
        mask = 0
        for part in parts:
            mask |= part.mask
        return self._group(tuple(p.names[0] for p in parts), sum(p.size for p in parts), mask)

    def _group(self, names: tuple[str, ...], size: int, mask: int) -> _Group:
        return _Group(names, size, mask, self._cost(names, len(names), size, mask))

    def _cost(self, names: tuple[str, ...], count: int, size: int, mask: int) -> float:
        """Say what a layer costs; its ``names`` matter only where layers are in use."""
        if not count:
            return 0.0
        is_new = self._in_use and frozenset(names) not in self._in_use
        once = size / PAID_BACK if is_new else 0.0
        return size * self._evidence.likelihood_of(mask, count) + LAYER_COST + once


def _total(groups: Iterable[_Group]) -> float:
    return sum(group.cost for group in groups)
