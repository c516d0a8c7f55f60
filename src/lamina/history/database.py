"""History: the builds of a database, whichever it is."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from math import inf
from typing import Final, Protocol, Self

from lamina.errors import LaminaError, StoreError
from lamina.history.costs import Samples, learn
from lamina.history.location import is_postgresql
from lamina.history.query import LAST, PREVIOUS, Wanted, choose
from lamina.history.record import BuildOutcome, BuildRecord
from lamina.history.rows import (
    BuildRow,
    packed,
    row_of,
    samples_from_text,
    samples_to_text,
    storable,
    unpacked,
)

_LEEWAY_S: Final = 86400.0
"""How far the clocks and time zones of machines may be apart."""


class Tables(Protocol):
    """One database: SQLite or PostgreSQL.  All methods may raise ``StoreError``."""

    def transaction(self) -> AbstractContextManager[None]:
        """Do all of a block or nothing; nobody else writes meanwhile."""

    def insert(self, row: BuildRow, record: bytes) -> None:
        """Add a build that is not there."""

    def has(self, id_: str) -> bool:
        """Say whether a build is there."""

    def rows(self, wanted: Wanted) -> list[BuildRow]:
        """Return the rows of a selection, newest first."""

    def starting_with(self, prefix: str) -> list[BuildRow]:
        """Return the rows whose id starts with ``prefix``, six at most."""

    def record(self, id_: str) -> bytes:
        """Return the record of a build that is there."""

    def costs(self, scope: str) -> dict[str, str]:
        """Return the last runs of each step in a scope."""

    def put_costs(self, scope: str, costs: Mapping[str, str]) -> None:
        """Replace the last runs of these steps."""

    def close(self) -> None:
        """Let go of the database."""


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
        known: dict[str, _Scope] = {}
        count = 0
        with self._tables.transaction():
            for record in ordered:
                if self._tables.has(record.id):
                    continue
                name = storable(record.scope)
                scope = known.get(name) or self._scope(record)
                self._tables.insert(row_of(record, scope.samples, scope.last), packed(record))
                known[name] = scope.then(record)
                count += 1
            for name, scope in known.items():
                self._tables.put_costs(name, samples_to_text(scope.samples))
        return count

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
        return next(self.records(_comparable(record)), None)

    def _scope(self, record: BuildRecord) -> "_Scope":
        return _Scope(self.samples(record.scope), self.before(record))


class _Scope:
    """What is known of the builds that one is compared with."""

    def __init__(self, samples: Samples, last: BuildRecord | None) -> None:
        self.samples = samples
        self.last = last

    def then(self, record: BuildRecord) -> "_Scope":
        is_comparable = record.outcome is BuildOutcome.DONE and record.layers
        return _Scope(learn(self.samples, record), record if is_comparable else self.last)


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


def _comparable(record: BuildRecord) -> Wanted:
    return Wanted(
        scope=record.scope,
        outcome=BuildOutcome.DONE,
        before=record.started,
        has_layers=True,
        limit=1,
    )
