"""The figures of a build that has just ended: from the history that has it, else from itself."""

from dataclasses import replace

from lamina.errors import LaminaError
from lamina.history.database import open_history
from lamina.history.query import Wanted
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow, row_of

_PATIENCE_S = 1.0


def figures(location: str, record: BuildRecord) -> BuildRow:
    """Return the row of a build; ``location`` is empty where there is no history.

    A build that no history has is compared with no other: what its steps usually cost is not
    known, so neither is the time that the cache saved.
    """
    if location:
        try:
            with open_history(location, patience_s=_PATIENCE_S) as history:
                row = history.find(record.id, Wanted())
        except LaminaError:
            pass  # the history says itself what is wrong with it
        else:
            return row
    return replace(row_of(record, {}, None), time_hit=None)
