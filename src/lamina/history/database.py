"""History: the builds of a database, whichever it is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Final, Self

from lamina.errors import LaminaError, StoreError
from lamina.history.costs import Samples
from lamina.history.location import is_postgresql
from lamina.history.query import LAST, PREVIOUS, Wanted, choose
from lamina.history.record import BuildRecord
from lamina.history.rows import (
    BuildRow,
    packed,
    row_of,
    samples_from_text,
    storable,
    unpacked,
)
from lamina.history.scope import Scope, comparable
from lamina.history.tables import Tables

_LEEWAY_S: Final = 86400.0
"""How far the clocks and time zones of machines may be apart."""


class History:
    """Builds, oldest to newest, with what they are compared with; use it as a context manager."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.close()

    def add(self, records: Iterable[BuildRecord], *, now: float = inf) -> int:
        """Add builds, all or none, and return how many were new; known ids are passed over.

        A build is compared with those before it that are there already, so whoever has several
        adds them together.  A build that is dated after tomorrow is taken for one of ``now``, in
        seconds since the epoch: it would be the last one for ever.  Raises ``StoreError``.
        """
        ordered = sorted(
            (_dated(record, now) for record in records), key=lambda r: (r.started, r.id)
        )
        known: dict[str, Scope] = {}
        count = 0
        with self._tables.transaction():
            for record in ordered:
                if self._tables.has(record.id):
                    continue
                name = storable(record.scope)
                scope = known.setdefault(name, Scope(self._tables, name))
                row = row_of(record, scope.samples(record), scope.previous(record))
                self._tables.insert(row, packed(record))
                scope.learn(record)
                count += 1
            for scope in known.values():
                scope.write()
        return count

    def remove(self, ids: Sequence[str]) -> None:
        """Remove builds, all or none; the figures of the others stay as they are.

        What steps cost is remembered for those that a build had which stays.  Raises
        ``StoreError``.
        """
        with self._tables.transaction():
            self._tables.remove(ids)

    def compact(self) -> None:
        """Give the room of removed builds back to the disk, where the database does not itself."""
        self._tables.compact()

    def size(self) -> int:
        """Return how many bytes the history takes."""
        return self._tables.size()

    def rows(self, wanted: Wanted) -> list[BuildRow]:
        """Return the rows of a selection, newest first."""
        return self._tables.rows(_storable(wanted))

    def find(self, text: str, wanted: Wanted | None = None) -> BuildRow:
        """Find a build by ``last``, ``previous`` or the start of its id.

        ``wanted`` says of which selection it is the last.  Raises ``UsageError``.
        """
        is_word = text in {LAST, PREVIOUS}
        recent = self.rows(replace(wanted or Wanted(), limit=2)) if is_word else []
        matching = [] if is_word else self._tables.starting_with(storable(text))
        return choose(text, recent=recent, matching=matching)

    def record(self, id_: str) -> BuildRecord:
        """Return the whole record of a build that is there."""
        return unpacked(self._tables.record(id_))

    def records(self, wanted: Wanted) -> Iterator[BuildRecord]:
        """Yield whole records, newest first; one that cannot be read is passed over."""
        for row in self.rows(wanted):
            try:
                yield self.record(row.id)
            except LaminaError:
                continue

    def samples(self, scope: str) -> Samples:
        """Return the last runs of each step in a scope."""
        return samples_from_text(self._tables.costs(storable(scope)))

    def before(self, record: BuildRecord) -> BuildRecord | None:
        """Return the build that ``record`` is compared with: the one before that has an image."""
        return next(self.records(comparable(record)), None)


def open_history(location: str, *, patience_s: float = 5.0) -> History:
    """Open a history, and make or migrate its tables.

    ``patience_s`` is how long to wait for somebody who writes.  Raises ``StoreError`` when the
    database is damaged, locked, out of reach, or of a newer Lamina.
    """
    if is_postgresql(location):
        try:
            from lamina.history.postgres import PostgresTables  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise StoreError(
                "a history on a PostgreSQL server needs SQLAlchemy and psycopg",
                hint="install lamina[postgres]",
            ) from error
        return History(PostgresTables.open(location, patience_s=patience_s))
    from lamina.history.sqlite import SqliteTables  # noqa: PLC0415 - 5 ms

    return History(SqliteTables.open(location, patience_s=patience_s))


def _dated(record: BuildRecord, now: float) -> BuildRecord:
    return record if record.started <= now + _LEEWAY_S else replace(record, started=now)


def _storable(wanted: Wanted) -> Wanted:
    """Ask as rows are written."""
    return replace(
        wanted,
        project=storable(wanted.project),
        image=storable(wanted.image),
        branch=storable(wanted.branch),
        scope=storable(wanted.scope),
    )
