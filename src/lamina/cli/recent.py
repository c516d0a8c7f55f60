"""What reports and checks look at, fetched from the history: a build, and the ones before it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from lamina.cli.causes import causes
from lamina.errors import LaminaError
from lamina.history.budget import RECENT
from lamina.history.costs import usual
from lamina.history.database import History
from lamina.history.query import Wanted
from lamina.history.record import BuildOutcome, BuildRecord
from lamina.history.rows import BuildRow
from lamina.history.situation import Situation


def situation_of(history: History, row: BuildRow) -> Situation:
    """Fetch a build and what it is measured against.

    Raises ``LaminaError`` when the record of the build cannot be read.
    """
    earlier = tuple(history.rows(_earlier(row, RECENT)))
    return _situation(history, row, history.record(row.id), earlier)


def recent_situations(history: History, row: BuildRow, count: int) -> Iterator[Situation]:
    """Yield a build and those before it, ``count`` in all; what cannot be read is passed over."""
    rows = [row, *history.rows(_earlier(row, count))]
    for number, found in enumerate(rows[:count]):
        with suppress(LaminaError):
            earlier = tuple(rows[number + 1 : number + 2])
            yield _situation(history, found, history.record(found.id), earlier)


def _situation(
    history: History, row: BuildRow, record: BuildRecord, earlier: Sequence[BuildRow]
) -> Situation:
    previous = None
    with suppress(LaminaError):
        previous = history.record(earlier[0].id) if earlier else None
    return Situation(
        row=row,
        record=record,
        earlier=tuple(earlier),
        previous=previous,
        costs=usual(history.samples(row.scope)),
        causes=causes(record, previous),
    )


def _earlier(row: BuildRow, count: int) -> Wanted:
    return Wanted(scope=row.scope, outcome=BuildOutcome.DONE, before=row.started, limit=count)
