"""What reports and checks look at, fetched from the history: a build, and the ones before it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from lamina.cli.causes import causes
from lamina.errors import LaminaError
from lamina.explain.readings import Readings
from lamina.history.budget import RECENT
from lamina.history.costs import usual
from lamina.history.database import History
from lamina.history.query import Wanted
from lamina.history.record import BuildOutcome, BuildRecord, StepKey
from lamina.history.rows import BuildRow
from lamina.history.situation import Situation


def situation_of(history: History, row: BuildRow) -> Situation:
    """Fetch a build and what it is measured against.

    Raises ``LaminaError`` when the record of the build cannot be read.
    """
    earlier = tuple(history.rows(_earlier(row, RECENT)))
    return _situation(_Reader(history), row, earlier)


def recent_situations(history: History, row: BuildRow, count: int) -> Iterator[Situation]:
    """Yield a build and those before it, ``count`` in all; what cannot be read is passed over."""
    rows = [row, *history.rows(_earlier(row, count))]
    reader = _Reader(history)
    for number, found in enumerate(rows[:count]):
        with suppress(LaminaError):
            earlier = [other for other in rows[number + 1 :] if _are_alike(found, other)][:1]
            yield _situation(reader, found, earlier)


class _Reader:
    """Reads each build once, though it is looked at for its own sake and as the one before."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._last: tuple[str, BuildRecord] | None = None
        self._costs: dict[str, Mapping[StepKey, float]] = {}
        self.readings = Readings()

    def record(self, id_: str) -> BuildRecord:
        if self._last is None or self._last[0] != id_:
            self._last = (id_, self._history.record(id_))
        return self._last[1]

    def costs(self, scope: str) -> Mapping[StepKey, float]:
        if scope not in self._costs:
            self._costs[scope] = usual(self._history.samples(scope))
        return self._costs[scope]


def _situation(reader: _Reader, row: BuildRow, earlier: Sequence[BuildRow]) -> Situation:
    record, previous = reader.record(row.id), None
    with suppress(LaminaError):
        previous = reader.record(earlier[0].id) if earlier else None
    return Situation(
        row=row,
        record=record,
        earlier=tuple(earlier),
        previous=previous,
        costs=reader.costs(row.scope),
        causes=causes(record, previous, reader.readings),
    )


def _earlier(row: BuildRow, count: int) -> Wanted:
    """Select what a build is compared with; one that failed may not have known its platforms."""
    return Wanted(
        scope=row.scope,
        outcome=BuildOutcome.DONE,
        platforms=row.platforms if row.outcome == BuildOutcome.DONE else None,
        before=row.started,
        limit=count,
    )


def _are_alike(row: BuildRow, earlier: BuildRow) -> bool:
    return row.outcome != BuildOutcome.DONE or row.platforms == earlier.platforms
