"""A history in SQLite: one file of the user's, written ahead (WAL) so that readers never wait."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from lamina.history.query import Wanted
from lamina.history.rows import COLUMNS, BuildRow
from lamina.history.sqlite_file import open_file, translated
from lamina.history.tables import StepCost

_LINE: Final = "instr(char(10) || {0} || char(10), char(10) || :image || char(10)) > 0"
_NAMED: Final = ", ".join(COLUMNS)
_AT_ONCE: Final = 500
"""How many values one statement gets; SQLite itself has a limit of some thousands."""


class SqliteTables:
    """The tables of one SQLite file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, location: str, *, patience_s: float) -> Self:
        """Open or make the file; where it cannot be written, it is opened for reading.

        Raises ``DamagedHistoryError`` and ``StoreError``.
        """
        path = Path(location)
        return cls(open_file(path, patience_s), path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing."""
        with translated(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def insert(self, row: BuildRow, record: bytes) -> None:
        """Add a build."""
        places = ", ".join(f":{name}" for name in COLUMNS)
        values = {name: getattr(row, name) for name in COLUMNS}
        self._execute(
            f"INSERT INTO builds ({_NAMED}, record) VALUES ({places}, :record)",  # noqa: S608 - our own names
            {**values, "record": record},
        )

    def has(self, id_: str) -> bool:
        """Say whether a build is there."""
        return bool(self._execute("SELECT 1 FROM builds WHERE id = :id", {"id": id_}))

    def rows(self, wanted: Wanted) -> list[BuildRow]:
        """Return the rows of a selection."""
        conditions, values = _conditions(wanted)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        limit = f"LIMIT {int(wanted.limit)}" if wanted.limit else ""
        found = self._execute(
            f"SELECT {_NAMED} FROM builds {where} ORDER BY started DESC, id DESC {limit}",  # noqa: S608 - values are bound
            values,
        )
        return [_row(values) for values in found]

    def starting_with(self, prefix: str) -> list[BuildRow]:
        """Return the rows whose id starts with ``prefix``."""
        found = self._execute(
            f"SELECT {_NAMED} FROM builds WHERE substr(id, 1, :length) = :prefix LIMIT 6",  # noqa: S608 - values are bound
            {"prefix": prefix, "length": len(prefix)},
        )
        return [_row(values) for values in found]

    def record(self, id_: str) -> bytes:
        """Return a record."""
        found = self._execute("SELECT record FROM builds WHERE id = :id", {"id": id_})
        return bytes(found[0][0])

    def costs(self, scope: str, steps: Collection[str] | None = None) -> dict[str, str]:
        """Return the last runs of each step, or of some."""
        query = "SELECT step, runs FROM costs WHERE scope = :scope"
        if steps is None:
            return dict(self._execute(query, {"scope": scope}))
        found: dict[str, str] = {}
        for names, values in _in_parts(list(steps)):
            found.update(
                self._execute(f"{query} AND step IN ({names})", {**values, "scope": scope})
            )
        return found

    def put_costs(self, scope: str, costs: Sequence[StepCost]) -> None:
        """Replace the last runs of these steps."""
        rows = [(scope, cost.step, cost.runs, cost.seen) for cost in costs]
        with translated(self._path):
            self._connection.executemany(
                "INSERT INTO costs (scope, step, runs, seen) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (scope, step) DO UPDATE"
                " SET runs = excluded.runs, seen = max(seen, excluded.seen)",
                rows,
            )

    def forget_costs(self, scope: str, *, builds: int) -> None:
        """Remove the steps that none of the newest builds had."""
        self._execute(
            "DELETE FROM costs WHERE scope = :scope AND seen < (SELECT started FROM builds"
            " WHERE scope = :scope ORDER BY started DESC LIMIT 1 OFFSET :last)",
            {"scope": scope, "last": builds - 1},
        )

    def remove(self, ids: Sequence[str]) -> None:
        """Remove builds, and the steps that no other has."""
        for names, values in _in_parts(ids):
            self._execute(f"DELETE FROM builds WHERE id IN ({names})", values)  # noqa: S608 - values are bound
        self._execute(
            "DELETE FROM costs WHERE NOT EXISTS"
            " (SELECT 1 FROM builds WHERE scope = costs.scope AND started <= costs.seen)",
            {},
        )

    def compact(self) -> None:
        """Write the file anew without its gaps; that takes as much room again meanwhile."""
        self._execute("VACUUM", {})
        self._execute("PRAGMA wal_checkpoint(TRUNCATE)", {})

    def size(self) -> int:
        """Return the bytes of the file and of the log beside it."""
        paths = (self._path, Path(f"{self._path}-wal"))
        with translated(self._path):
            return sum(path.stat().st_size for path in paths if path.exists())

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _execute(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        with translated(self._path):
            return self._connection.execute(statement, values).fetchall()


def _in_parts(texts: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the names and values for ``IN``, as many as one statement takes at a time."""
    for start in range(0, len(texts), _AT_ONCE):
        values = {f"t{n}": text for n, text in enumerate(texts[start : start + _AT_ONCE])}
        yield ", ".join(f":{name}" for name in values), values


def _conditions(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    equal = {
        name: value
        for name in ("project", "branch", "scope", "outcome")
        if (value := getattr(wanted, name))
    }
    if wanted.platforms is not None:
        equal["platforms"] = wanted.platforms
    conditions = [f"{name} = :{name}" for name in equal]
    values: dict[str, Any] = dict(equal)
    if wanted.image:
        conditions.append(f"({_LINE.format('names')} OR {_LINE.format('repositories')})")
        values["image"] = wanted.image
    if wanted.since:
        conditions.append("started >= :since")
        values["since"] = wanted.since
    if wanted.before is not None:
        conditions.append("started < :before")
        values["before"] = wanted.before
    if wanted.has_layers:
        conditions.append("layer_bytes > 0")
    return conditions, values


def _row(values: tuple[Any, ...]) -> BuildRow:
    return BuildRow(**dict(zip(COLUMNS, values, strict=True)))
