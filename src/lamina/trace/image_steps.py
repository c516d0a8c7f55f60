"""Which step of a build made which entry of its image's history, and what is the base's."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamina.trace.image_history import MAKES_LAYER, Entry
from lamina.trace.instruction import arguments
from lamina.trace.solve import Solve, Vertex

_HEREDOC = re.compile(r"<<-?[\"']?\w+[\"']? \((.*?)(?:\.\.\.)?\)$")

_Chain = Sequence[int]
"""Places in a solve's vertices: a stage's steps in their order, or the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """Places of entries → places of the vertices that made them.

    The first ``base`` entries are the base's.  ``pulled`` is the vertex that brought it, if known.
    """

    steps: Mapping[int, int]
    base: int
    pulled: int | None = None


def find_makers(entries: Sequence[Entry], solve: Solve) -> Makers | None:
    """Walk an image's history from its end down the stages that it was made by.

    A stage's steps stand in the history in their order.  Texts alone would not do: the log has
    variables filled in, the history has not.  A stage begins with its base, with another stage,
    or with steps that it shares with another, which BuildKit names after that one.  None where no
    stage fits.
    """
    walk = _Walk(entries, solve)
    chain: _Chain | None = walk.last_stage()
    if chain is None:
        return None
    pulled = None
    while chain is not None and pulled is None:
        pulled, chain = walk.down(chain)
    if pulled is None:
        pulled = walk.only_base
    return Makers(steps=walk.found, base=walk.base, pulled=pulled)


class _Walk:
    def __init__(self, entries: Sequence[Entry], solve: Solve) -> None:
        self.found: dict[int, int] = {}
        self._entries = entries
        self._vertices = solve.vertices
        # The builder before BuildKit numbers all instructions, BuildKit those that make layers.
        counts_all = solve.grammar == "legacy"
        self._left = [n for n, entry in enumerate(entries) if counts_all or entry.may_have_layer]
        self._stages = _stages(solve.vertices, counts_all=counts_all)

    @property
    def base(self) -> int:
        return self._left[-1] + 1 if self._left else 0

    @property
    def only_base(self) -> int | None:
        bases = [chain[0] for chain in self._stages.values() if self._is_from(chain[0])]
        return bases[0] if len(bases) == 1 else None

    def last_stage(self) -> _Chain | None:
        return self._best(self._stages.values(), least=0)

    def down(self, chain: _Chain) -> tuple[int | None, _Chain | None]:
        """Take a chain's entries off; return the vertex of its base, or the chain below it."""
        own = [place for place in chain if not self._is_from(place)]
        begin = len(self._left) - len(own)
        self.found |= dict(zip(self._left[begin:], own, strict=True))
        self._left = self._left[:begin]
        if len(own) == len(chain):
            return None, self._best(self._shared(), least=1)
        below = self._named(self._vertices[chain[0]])
        if below is None or self._agreement(below) is None:
            return chain[0], None
        return None, below

    def _shared(self) -> Iterable[_Chain]:
        """Yield beginnings of other stages that end with the last entry that is left."""
        for chain in self._stages.values():
            for length in range(1, len(chain) + 1):
                place = chain[length - 1]
                is_free = place not in self.found.values() and not self._is_from(place)
                if is_free and self._left and self._is_same(self._left[-1], place):
                    yield chain[:length]

    def _named(self, vertex: Vertex) -> _Chain | None:
        name = arguments(vertex.parsed.text).partition(" ")[0]
        return self._stages.get(name) if name != vertex.key.stage else None

    def _best(self, chains: Iterable[_Chain], *, least: int) -> _Chain | None:
        """Return the chain with the most texts that agree, the last of several."""
        best: _Chain | None = None
        for chain in chains:
            agreement = self._agreement(chain)
            if agreement is not None and agreement >= least:
                best, least = chain, agreement
        return best

    def _agreement(self, chain: _Chain) -> int | None:
        """Count equal texts at the end of what is left; None if an instruction is another."""
        own = [place for place in chain if not self._is_from(place)]
        if len(own) > len(self._left):
            return None
        pairs = list(zip(self._left[len(self._left) - len(own) :], own, strict=True))
        if any(
            self._entries[entry].instruction != self._vertices[place].parsed.instruction
            for entry, place in pairs
        ):
            return None
        return sum(self._is_same(entry, place) for entry, place in pairs)

    def _is_same(self, entry: int, place: int) -> bool:
        return _says_same(self._entries[entry], self._vertices[place])

    def _is_from(self, place: int) -> bool:
        return self._vertices[place].parsed.instruction == "FROM"


def _stages(vertices: Sequence[Vertex], *, counts_all: bool) -> dict[str, list[int]]:
    stages: dict[str, dict[int, int]] = {}
    for place, vertex in enumerate(vertices):
        name = vertex.parsed
        if name.index and (counts_all or name.instruction in {"FROM", *MAKES_LAYER}):
            stages.setdefault(name.stage, {}).setdefault(name.index, place)
    chains = {stage: [places[n] for n in sorted(places)] for stage, places in stages.items()}
    return {stage: _from_its_base(chain, vertices) for stage, chain in chains.items()}


def _from_its_base(chain: list[int], vertices: Sequence[Vertex]) -> list[int]:
    """Leave out an ``ARG`` that stands before the first ``FROM``, which no image knows of."""
    begins = (n for n, place in enumerate(chain) if vertices[place].parsed.instruction == "FROM")
    return chain[next(begins, 0) :]


def _says_same(entry: Entry, vertex: Vertex) -> bool:
    if entry.instruction != vertex.parsed.instruction:
        return False
    said = arguments(vertex.parsed.text)
    if said and said == entry.text:
        return True
    if entry.instruction == "RUN":
        heredoc = _HEREDOC.match(said)
        return heredoc is not None and entry.text.startswith(heredoc[1].strip())
    if entry.is_buildkit or entry.instruction not in {"COPY", "ADD"}:
        return False
    return said.rpartition(" ")[2] == entry.text.rpartition(" ")[2]  # dir:… in /the/destination
