"""A solve while its log is read: parsers write into it, and it makes a Solve when asked."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lamina.trace.exports import note_export, transfer_kind
from lamina.trace.names import Phase, parse_name
from lamina.trace.solve import (
    Exported,
    Outcome,
    Solve,
    Transfer,
    Vertex,
    VertexKey,
    Warned,
)

_TAIL_LINES = 50
_LONGEST_LINE = 1000
_MOST_WARNINGS = 500
_MOST_TRANSFERS = 2000
_MOST_NAMES = 100


@dataclass(slots=True, kw_only=True)
class VertexDraft:
    """A vertex of which more may be heard.

    ``spans`` holds the end of each active time by its beginning, None while it lasts, in seconds
    since the epoch.
    """

    name: str
    outcome: Outcome = Outcome.UNKNOWN
    seconds: float | None = None
    spans: dict[float, float | None] = field(default_factory=dict)
    digest: str = ""
    inputs: tuple[str, ...] = ()
    error: str = ""
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))
    log_lines: int = 0
    transfers: dict[str, Transfer] = field(default_factory=dict)

    def write(self, line: str) -> None:
        """Add a line of its output."""
        self.log.append(line[:_LONGEST_LINE])
        self.log_lines += 1

    def move(self, told: Transfer) -> bool:
        """Note how far a transfer is; what was known of it and is not said again stays."""
        old = self.transfers.get(told.id)
        if old is None:
            if len(self.transfers) >= _MOST_TRANSFERS:
                return False
            self.transfers[told.id] = replace(told, kind=transfer_kind(told.id, self.name))
            return True
        self.transfers[told.id] = replace(
            old,
            current=max(told.current, old.current),
            total=old.total if told.total is None else told.total,
            started=old.started if told.started is None else told.started,
            seconds=old.seconds if told.seconds is None else told.seconds,
            is_done=told.is_done or old.is_done,
        )
        return True

    @property
    def is_finished(self) -> bool:
        """Say whether the log told how it ended."""
        return self.outcome is not Outcome.UNKNOWN


class SolveDraft:
    """The vertices by whatever a log calls them, in order of first appearance."""

    def __init__(self, grammar: str) -> None:
        self.vertices: dict[str, VertexDraft] = {}
        self.exported = Exported()
        self.error = ""
        self.seconds: float | None = None
        self.started: float | None = None
        self.latest: float | None = None
        self._grammar = grammar
        self._warnings: dict[str, Warned] = {}

    def vertex(self, id_: str, name: str = "") -> VertexDraft:
        """Return the vertex that the log calls ``id_``, a new one if it is not known."""
        found = self.vertices.get(id_)
        if found is None:
            found = self.vertices[id_] = VertexDraft(name=name)
        return found

    def warn(self, text: str, *, url: str = "", line: int = 0) -> None:
        """Note a warning once, however often it is printed."""
        if text not in self._warnings and len(self._warnings) < _MOST_WARNINGS:
            self._warnings[text] = Warned(text=text, url=url, line=line)

    def move(self, vertex: VertexDraft, told: Transfer) -> None:
        """Note a transfer of ``vertex``, whose kind is found here, and what it says of exports."""
        if vertex.move(told):
            self.exported = note_export(self.exported, vertex.name, told.id)

    def note_image(self, *, config: str = "", name: str = "") -> None:
        """Note what the legacy builder says of its image: the beginning of an id, or a name."""
        names = (*self.exported.names, name) if name else self.exported.names
        config = config or self.exported.config
        self.exported = replace(self.exported, config=config, names=names[:_MOST_NAMES])

    @property
    def is_finished(self) -> bool:
        """Say whether the build has a result, or none, and nothing is still going on."""
        has_ended = self.error or any(
            v.outcome is Outcome.FAILED or (v.is_finished and _is_export(v))
            for v in self.vertices.values()
        )
        return bool(has_ended) and self.is_still

    @property
    def is_over(self) -> bool:
        """Say whether the build may be over: a build that exports nothing does not say so."""
        return self.is_finished or (
            self.is_still and any(parse_name(v.name).index for v in self.vertices.values())
        )

    @property
    def is_still(self) -> bool:
        """Say whether no vertex is still at work."""
        return all(v.is_finished for v in self.vertices.values())

    def at(self, moment: float | None) -> None:
        """Note that something was said at that moment, in seconds since the epoch."""
        if moment is not None:
            self.started = moment if self.started is None else min(self.started, moment)
            self.latest = moment if self.latest is None else max(self.latest, moment)

    def solve(self, now: float | None = None) -> Solve:
        """Say what is known by now; what is still going on lasts until then, or the last word."""
        started = self._first_moment()
        latest = self._last_moment() if now is None else now
        seconds = self.seconds
        if seconds is None and started is not None and latest is not None:
            seconds = max(0.0, latest - started)
        seen: Counter[tuple[str, str, str]] = Counter()
        clock = _Clock(begin=started or 0.0, latest=latest or 0.0)
        return Solve(
            grammar=self._grammar,
            vertices=tuple(_frozen(v, clock, seen) for v in self.vertices.values()),
            warnings=tuple(self._warnings.values()),
            exported=self.exported,
            error=self.error,
            seconds=seconds,
            started=started,
        )

    def _first_moment(self) -> float | None:
        begins = [begin for v in self.vertices.values() for begin in v.spans]
        if self.started is not None:
            begins.append(self.started)
        return min(begins, default=None)

    def _last_moment(self) -> float | None:
        spans = [span for v in self.vertices.values() for span in v.spans.items()]
        moments = [begin if end is None else end for begin, end in spans]
        if self.latest is not None:
            moments.append(self.latest)
        return max(moments, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    begin: float
    latest: float

    def interval(self, begin: float, end: float | None) -> tuple[float, float]:
        end = self.latest if end is None else end
        return begin - self.begin, max(begin, end) - self.begin


def merged(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Join times that overlap or touch, in order.

    >>> merged([(3, 4), (0, 1), (0.5, 2)])
    ((0, 2), (3, 4))
    """
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return tuple(joined)


def _is_export(vertex: VertexDraft) -> bool:
    return parse_name(vertex.name).phase in {Phase.EXPORT, Phase.PUSH}


def _frozen(draft: VertexDraft, clock: _Clock, seen: "Counter[tuple[str, str, str]]") -> Vertex:
    parsed = parse_name(draft.name)
    identity = (parsed.platform, parsed.stage, parsed.text)
    key = VertexKey(
        platform=parsed.platform, stage=parsed.stage, text=parsed.text, ordinal=seen[identity]
    )
    seen[identity] += 1
    intervals = merged(clock.interval(begin, end) for begin, end in draft.spans.items())
    seconds = draft.seconds
    if seconds is None and intervals:
        seconds = sum(end - begin for begin, end in intervals)
    return Vertex(
        key=key,
        name=draft.name,
        parsed=parsed,
        outcome=draft.outcome,
        seconds=seconds,
        intervals=intervals,
        digest=draft.digest,
        inputs=draft.inputs,
        error=draft.error,
        log=tuple(draft.log),
        log_lines=draft.log_lines,
        transfers=tuple(_shifted(t, clock.begin) for t in draft.transfers.values()),
    )


def _shifted(transfer: Transfer, begin: float) -> Transfer:
    if transfer.started is None:
        return transfer
    return replace(transfer, started=max(0.0, transfer.started - begin))
