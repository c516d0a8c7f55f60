"""Fold: a solve that somebody else's tool made → a build record, pure."""

import re
from collections.abc import Iterator, Sequence

from lamina.history.fold import Header
from lamina.history.intervals import Interval, length, merged
from lamina.history.phases import phase_seconds
from lamina.history.record import (
    BuildOutcome,
    BuildRecord,
    ImageRecord,
    PublicationRecord,
    StepKind,
    StepOutcome,
    StepRecord,
)
from lamina.trace.hidden import hidden
from lamina.trace.names import Phase, StepName
from lamina.trace.schedule import busy_seconds, inputs_of, place
from lamina.trace.sizes import LARGEST
from lamina.trace.solve import Exported, Outcome, Solve, Transfer, TransferKind, Vertex

_ENGINES = {"legacy": "legacy"}
_OUTCOMES = {
    Outcome.DONE: StepOutcome.DONE,
    Outcome.CACHED: StepOutcome.CACHED,
    Outcome.FAILED: StepOutcome.FAILED,
    Outcome.CANCELLED: StepOutcome.CANCELLED,
    Outcome.UNKNOWN: StepOutcome.UNFINISHED,
}
_KINDS = {
    Phase.FRONTEND: StepKind.INTERNAL,
    Phase.METADATA: StepKind.INTERNAL,
    Phase.AUTH: StepKind.AUTH,
    Phase.CONTEXT: StepKind.CONTEXT,
    Phase.CACHE_IMPORT: StepKind.CACHE_IMPORT,
    Phase.BASE: StepKind.BASE,
    Phase.EXPORT: StepKind.EXPORT,
    Phase.CACHE_EXPORT: StepKind.CACHE_EXPORT,
    Phase.PUSH: StepKind.PUSH,
}
_INSTRUCTIONS = {
    "FROM": StepKind.FROM,
    "RUN": StepKind.RUN,
    "COPY": StepKind.COPY,
    "ADD": StepKind.ADD,
    "WORKDIR": StepKind.WORKDIR,
}
_PARTS = {
    TransferKind.PULL: StepKind.FETCH,
    TransferKind.EXTRACT: StepKind.FETCH,
    TransferKind.PUSH: StepKind.PUSH,
}
_PUSHED = re.compile(
    r"pushing (?:manifest for (\S+?)(?:@\S+)?$|(?!layers|manifest)(\S+) with docker)"
)


def fold_solve(header: Header, solve: Solve, *, started: float) -> BuildRecord:
    """Make the record of a traced build; ``started`` counts if the log does not say when it was.

    Steps have the places in ``solve.vertices`` as ids.  A log without times gives each step the
    earliest time that its inputs allow, and the build the time of its longest chain: less than
    the truth where the machine was busy with other steps.  Pulls, extractions and pushes below a
    vertex become steps of their own, with the vertex as parent.
    """
    inputs = inputs_of(solve.vertices)
    active = _active(solve, place(solve.vertices, inputs))
    steps: list[StepRecord] = []
    intervals: dict[str, Sequence[Interval]] = {}
    for index, vertex in enumerate(solve.vertices):
        parts = list(_parts(index, vertex, active[index]))
        of_parts = [span for _, spans in parts for span in spans]
        # What the cache has is not there yet: a cached step took the time to fetch it.
        whole = merged([*active[index], *of_parts]) if vertex.is_cached else active[index]
        steps += [_step(index, vertex, inputs[index], whole), *(part for part, _ in parts)]
        intervals |= {str(index): whole, **{part.id: spans for part, spans in parts}}
    total = solve.seconds
    if total is None:
        total = max((end for spans in intervals.values() for _, end in spans), default=0.0)
    return BuildRecord(
        id=header.id,
        started=solve.started if solve.started is not None else started,
        seconds=total,
        outcome=_outcome(solve),
        error=hidden(solve.error or next((v.error for v in solve.failed), "")),
        kind=header.kind,
        engine=header.engine or _ENGINES.get(solve.grammar, "buildkit"),
        tool=header.tool,
        project=header.project,
        names=header.names or solve.exported.names,
        branch=header.branch,
        revision=header.revision,
        ci=header.ci,
        host=header.host,
        platforms=tuple(dict.fromkeys(v.key.platform for v in solve.vertices if v.key.platform)),
        steps=tuple(steps),
        images=_images(solve.exported),
        publications=_publications(solve),
        context_bytes=min(sum(s.bytes for s in steps if s.kind is StepKind.CONTEXT), LARGEST),
        phases=phase_seconds(steps, intervals, total),
        warnings=tuple(hidden(warned.text) for warned in solve.warnings),
    )


def _active(solve: Solve, starts: Sequence[float]) -> list[Sequence[Interval]]:
    """Return each vertex's intervals: those of the log, or one placed by its inputs."""
    if any(vertex.intervals for vertex in solve.vertices):
        return [vertex.intervals for vertex in solve.vertices]
    return [
        [(start, start + busy_seconds(vertex))]
        for start, vertex in zip(starts, solve.vertices, strict=True)
    ]


def _step(
    index: int, vertex: Vertex, inputs: Sequence[int], active: Sequence[Interval]
) -> StepRecord:
    is_failed = vertex.outcome in {Outcome.FAILED, Outcome.CANCELLED, Outcome.UNKNOWN}
    return StepRecord(
        id=str(index),
        name=hidden(vertex.name),
        kind=_kind(vertex.parsed),
        outcome=_OUTCOMES[vertex.outcome],
        platform=vertex.key.platform,
        stage=vertex.key.stage,
        text=hidden(vertex.key.text),
        ordinal=vertex.key.ordinal,
        started=min((start for start, _ in active), default=0.0),
        seconds=length(active) if vertex.is_cached else vertex.seconds or length(active),
        inputs=tuple(map(str, inputs)),
        bytes=_bytes(vertex.transfers, TransferKind.CONTEXT),
        error=hidden(vertex.error),
        log=_log(vertex) if is_failed else (),
    )


def _log(vertex: Vertex) -> tuple[str, ...]:
    """Hide in the output as a whole: a key is spread over lines."""
    return tuple(hidden("\n".join(vertex.log)).split("\n")) if vertex.log else ()


def _kind(name: StepName) -> StepKind:
    if name.instruction:
        if name.instruction.startswith("LINK "):
            return StepKind.LINK
        return _INSTRUCTIONS.get(name.instruction, StepKind.OTHER)
    return _KINDS.get(name.phase, StepKind.OTHER)


def _parts(
    index: int, vertex: Vertex, active: Sequence[Interval]
) -> Iterator[tuple[StepRecord, Sequence[Interval]]]:
    """Yield the pull, the extraction and the push below a vertex, and when they were."""
    begin = min((start for start, _ in active), default=0.0)
    for kind, step_kind in _PARTS.items():
        transfers = [t for t in vertex.transfers if t.kind is kind]
        if not transfers or vertex.parsed.phase is Phase.PUSH:
            continue
        if kind is TransferKind.PUSH:
            begin = _push_began(transfers, active, begin)
        spans = _spans(kind, transfers, begin)
        begin = max((end for _, end in spans), default=begin)
        part = StepRecord(
            id=f"{index}.{kind}",
            name=hidden(f"{kind}: {vertex.name}"),
            kind=step_kind,
            parent=str(index),
            platform=vertex.key.platform,
            stage=vertex.key.stage,
            text=hidden(f"{kind}: {vertex.key.text}"),
            ordinal=vertex.key.ordinal,
            started=min((start for start, _ in spans), default=begin),
            seconds=length(spans),
            bytes=_bytes(transfers, kind),
        )
        yield part, spans


def _push_began(transfers: Sequence[Transfer], active: Sequence[Interval], begin: float) -> float:
    """Place a push without a clock at the end of its export."""
    end = max((end for _, end in active), default=begin)
    return max(begin, end - sum(t.seconds or 0.0 for t in transfers))


def _spans(kind: TransferKind, transfers: Sequence[Transfer], begin: float) -> Sequence[Interval]:
    """Return when transfers were; without a clock, pulls are taken as side by side."""
    known = [
        (t.started, t.started + (t.seconds or 0.0)) for t in transfers if t.started is not None
    ]
    if known:
        return merged(known)
    seconds = [t.seconds or 0.0 for t in transfers]
    return [(begin, begin + (max(seconds) if kind is TransferKind.PULL else sum(seconds)))]


def _bytes(transfers: Sequence[Transfer], kind: TransferKind) -> int:
    return min(sum(t.current for t in transfers if t.kind is kind), LARGEST)


def _outcome(solve: Solve) -> BuildOutcome:
    if "context canceled" in solve.error or "operation was canceled" in solve.error:
        return BuildOutcome.CANCELLED
    if solve.is_failed:
        return BuildOutcome.FAILED
    outcomes = {vertex.outcome for vertex in solve.vertices}
    if Outcome.UNKNOWN in outcomes:
        return BuildOutcome.INTERRUPTED
    return BuildOutcome.CANCELLED if Outcome.CANCELLED in outcomes else BuildOutcome.DONE


def _images(exported: Exported) -> tuple[ImageRecord, ...]:
    digest = exported.manifest or exported.config
    return (ImageRecord(digest=digest),) if digest else ()


def _publications(solve: Solve) -> tuple[PublicationRecord, ...]:
    """Return the references that a finished build pushed."""
    if solve.is_failed:
        return ()
    digest = solve.exported.manifest or solve.exported.config
    found = dict.fromkeys(
        match[1] or match[2]
        for vertex in solve.vertices
        for text in (vertex.name, *(t.id for t in vertex.transfers))
        if (match := _PUSHED.match(text))
    )
    return tuple(PublicationRecord(destination=f"docker://{name}", digest=digest) for name in found)
