"""The order of a build whose log names no inputs and no times: what must have waited for what."""

import re
from collections.abc import Sequence

from lamina.trace.names import Phase
from lamina.trace.solve import Transfer, TransferKind, Vertex

Inputs = tuple[tuple[int, ...], ...]
"""For each vertex, the places in ``Solve.vertices`` of those that it had to wait for."""

_FROM = re.compile(r"(?:--from=|[, ]from=)([^\s,]+)")
_BEFORE = (Phase.FRONTEND, Phase.METADATA, Phase.AUTH, Phase.CACHE_IMPORT)
_AFTER = (Phase.EXPORT, Phase.CACHE_EXPORT, Phase.PUSH)


def inputs_of(vertices: Sequence[Vertex]) -> Inputs:
    """Return what each vertex waited for, as the log says, or else as the names let us know.

    Without digests a step waits for the one before it in its stage, a COPY for the context or
    for the last step of the stage that it copies from, and an export for everything.  Which stage
    another stage starts from no name tells; such an edge is missing.
    """
    graph = _Names(vertices)
    if not any(vertex.inputs for vertex in vertices):
        return tuple(graph.inputs(place) for place in range(len(vertices)))
    places = {vertex.digest: place for place, vertex in enumerate(vertices) if vertex.digest}
    found = []
    for place, vertex in enumerate(vertices):
        named = (places[digest] for digest in vertex.inputs if digest in places)
        of_digests = tuple(dict.fromkeys(other for other in named if other != place))
        # BuildKit names no inputs of what it does with the result.
        is_after = vertex.parsed.phase in _AFTER
        found.append(graph.inputs(place) if is_after and not of_digests else of_digests)
    return tuple(found)


def place(vertices: Sequence[Vertex], inputs: Inputs) -> tuple[float, ...]:
    """Return when each vertex would have started if nothing but its inputs kept it waiting.

    In seconds since the start; a lower bound where the machine was busy with something else.
    Inputs that go in a circle are ignored.
    """
    starts: dict[int, float] = {}
    for root in range(len(vertices)):
        _start(root, vertices, inputs, starts)
    return tuple(starts[index] for index in range(len(vertices)))


def busy_seconds(vertex: Vertex) -> float:
    """Say how long a vertex took; a cached one took the time to fetch what the cache had."""
    return max(vertex.seconds or 0.0, sum(fetching(vertex).values()))


def fetching(vertex: Vertex) -> dict[TransferKind, float]:
    """Return the seconds of a vertex's pulls and extractions; pulls run side by side."""
    pulls = _seconds(vertex.transfers, TransferKind.PULL)
    extractions = _seconds(vertex.transfers, TransferKind.EXTRACT)
    return {TransferKind.PULL: max(pulls, default=0.0), TransferKind.EXTRACT: sum(extractions)}


def _seconds(transfers: Sequence[Transfer], kind: TransferKind) -> list[float]:
    return [t.seconds for t in transfers if t.kind is kind and t.seconds is not None]


def _start(root: int, vertices: Sequence[Vertex], inputs: Inputs, starts: dict[int, float]) -> None:
    """Walk to the root's inputs first, without recursion: logs may be long."""
    pending = [root]
    entered: set[int] = set()
    while pending:
        index = pending[-1]
        waiting = [i for i in inputs[index] if i not in starts and i not in entered]
        if waiting and index not in starts:
            entered.add(index)
            pending += waiting
            continue
        pending.pop()
        if index not in starts:
            done = (starts[i] + busy_seconds(vertices[i]) for i in inputs[index] if i in starts)
            starts[index] = max(done, default=0.0)


class _Names:
    """What the vertices' names say of their order."""

    def __init__(self, vertices: Sequence[Vertex]) -> None:
        self._vertices = vertices
        self._before = self._of(*_BEFORE)
        self._contexts = self._of(Phase.CONTEXT)
        self._bases = [i for i in self._of(Phase.BASE) if not vertices[i].parsed.index]
        self._steps: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for index, vertex in enumerate(vertices):
            if vertex.parsed.index:
                stage = (vertex.key.platform, vertex.key.stage)
                self._steps.setdefault(stage, []).append((vertex.parsed.index, index))
        for steps in self._steps.values():
            steps.sort()

    def inputs(self, index: int) -> tuple[int, ...]:
        vertex = self._vertices[index]
        phase = vertex.parsed.phase
        if vertex.parsed.index:
            return tuple(dict.fromkeys(self._of_step(index, vertex)))
        if phase in _AFTER:
            return tuple(
                i
                for i, v in enumerate(self._vertices)
                if v.parsed.phase not in _AFTER
                or (phase is not Phase.EXPORT and v.parsed.phase is Phase.EXPORT)
            )
        return () if phase in _BEFORE else tuple(self._before)

    def _of(self, *phases: Phase) -> list[int]:
        return [i for i, v in enumerate(self._vertices) if v.parsed.phase in phases]

    def _of_step(self, index: int, vertex: Vertex) -> list[int]:
        platform, stage = vertex.key.platform, vertex.key.stage
        earlier = [i for number, i in self._steps[platform, stage] if number < vertex.parsed.index]
        found = earlier[-1:] or [*self._before, *self._bases, *self._shared_base(platform)]
        sources = _FROM.findall(vertex.key.text)
        for source in sources:
            found += self._last_of(platform, source)
        is_copy = vertex.parsed.instruction in {"COPY", "ADD", "LINK COPY", "LINK ADD"}
        if is_copy and not sources:
            found += self._contexts
        return [i for i in found if i != index]

    def _shared_base(self, platform: str) -> list[int]:
        """Return the one FROM that is printed, under one of the stages that start from it."""
        bases = [
            i
            for i, vertex in enumerate(self._vertices)
            if vertex.parsed.instruction == "FROM" and vertex.key.platform == platform
        ]
        return bases if len(bases) == 1 else []

    def _last_of(self, platform: str, source: str) -> list[int]:
        names = (source, f"stage-{source}") if source.isdigit() else (source,)
        for name in names:
            for (of_platform, stage), steps in self._steps.items():
                if of_platform == platform and stage.rpartition(" ")[2] == name:
                    return [steps[-1][1]]
        return []
