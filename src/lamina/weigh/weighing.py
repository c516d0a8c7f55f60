"""Weighing: everything that ``lamina weigh`` found out, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.weigh.cost import Cost, costs, leaving_without, saved_without
from lamina.weigh.graph import Graph
from lamina.weigh.kinds import Kind
from lamina.weigh.swaps import Swap
from lamina.weigh.usage import State, Use
from lamina.weigh.weight import Portion, Weight, by_kind, total

FINDINGS = (State.UNUSED, State.TESTS)
"""What may be dropped."""

IDLE = (Kind.TESTS, Kind.HEADERS, Kind.STUBS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """A project's distributions for one platform.

    ``own`` is the project's wheel, if it has one.  ``fetched`` bytes were read over the network,
    of the ``packed`` bytes that all wheels have.  ``extras`` maps a direct dependency and an extra
    to what leaves without that extra.  ``computed`` are places of imports whose names
    are made when the program runs.  ``diet`` are the lines of the project's diet that are on; what
    they leave out is still counted here.
    """

    project: str
    platform: str
    python: str
    weights: Mapping[str, Weight] = field(hash=False)
    graph: Graph
    uses: tuple[Use, ...]
    swaps: tuple[Swap, ...] = ()
    extras: Mapping[tuple[str, str], Portion] = field(default_factory=dict, hash=False)
    own: Weight | None = None
    packed: int = 0
    fetched: int = 0
    computed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    diet: tuple[str, ...] = ()

    @property
    def costs(self) -> Mapping[str, Cost]:
        """What each distribution costs."""
        return costs(self.graph, self.weights)

    @property
    def everything(self) -> tuple[Weight, ...]:
        """All distributions, the project's own last."""
        return (*self.weights.values(), *([self.own] if self.own else []))

    @property
    def total(self) -> Portion:
        """All files that wheels bring."""
        return total(weight.total for weight in self.everything)

    @property
    def droppable(self) -> tuple[str, ...]:
        """Direct dependencies that the project does not use."""
        return tuple(use.name for use in self.uses if use.state in FINDINGS)

    @property
    def swappable(self) -> tuple[Swap, ...]:
        """What is lighter, of the same version and modules, and stands in for what stays."""
        return tuple(swap for swap in self.promising if swap.is_same_version)

    @property
    def promising(self) -> tuple[Swap, ...]:
        """The same, and what only another version is lighter of, which has to be tested."""
        return tuple(
            swap
            for swap in self.swaps
            if swap.is_lighter and swap.is_drop_in and swap.alternative.name not in self.droppable
        )

    @property
    def idle(self) -> Portion:
        """Tests, headers and type stubs of what stays, which no program needs to run."""
        gone = leaving_without(self.graph, *self.droppable)
        gone |= {swap.alternative.name for swap in self.promising}
        kept = (weight for name, weight in self.weights.items() if name not in gone)
        kinds = by_kind(kept)
        return total(kinds[kind] for kind in IDLE)

    @property
    def possible(self) -> int:
        """Bytes that dropping and swapping save together."""
        dropped = saved_without(self.graph, self.weights, self.droppable).size
        return dropped + sum(swap.saved.size for swap in self.swappable)

    @property
    def possible_with_tests(self) -> int:
        """Bytes that the other versions of :attr:`promising` save on top."""
        return sum(swap.saved.size for swap in self.promising if not swap.is_same_version)
