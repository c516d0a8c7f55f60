"""A history in SQLite: one file of the user's, written ahead (WAL) so that readers never wait."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from lamina.errors import StoreError
from lamina.history.migrations import VERSION, statements
from lamina.history.query import Wanted
from lamina.history.rows import COLUMNS, BuildRow

_WORDS: Final = {"real": "REAL", "blob": "BLOB", "builds": "builds", "costs": "costs"}
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_REFUSED: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_LINE: Final = "instr(char(10) || {0} || char(10), char(10) || :image || char(10)) > 0"
_NAMED: Final = ", ".join(COLUMNS)
_PAUSE_S: Final = 0.01


class DamagedHistoryError(StoreError):
    """The file is no database, or not one whose tables can be used."""


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
        with _translated(path):
            try:
                return cls(_writable(path, patience_s), path)
            except sqlite3.OperationalError as error:
                if _code(error) not in _REFUSED or not path.is_file():
                    raise
            return cls(_readable(path), path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing."""
        with _translated(self._path):
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

    def costs(self, scope: str) -> dict[str, str]:
        """Return the last runs of each step."""
        return dict(
            self._execute("SELECT step, runs FROM costs WHERE scope = :scope", {"scope": scope})
        )

    def put_costs(self, scope: str, costs: Mapping[str, str]) -> None:
        """Replace the last runs of these steps."""
        rows = [(scope, step, runs) for step, runs in costs.items()]
        with _translated(self._path):
            self._connection.executemany("INSERT OR REPLACE INTO costs VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _execute(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        with _translated(self._path):
            return self._connection.execute(statement, values).fetchall()


def set_aside(path: Path) -> Path:
    """Rename a damaged history, so that a new one can begin; return its new name.

    Raises ``StoreError`` when the folder refuses.
    """
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in range(1, 1000))
    aside = next(name for name in names if not name.exists())
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    except OSError as error:
        raise StoreError(f"cannot move the damaged history: {error}", where=str(path)) from error
    return aside


def _writable(path: Path, patience_s: float) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):  # SQLite says better why
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
    try:
        _write_ahead(connection, patience_s)
        connection.execute("PRAGMA synchronous = NORMAL")
        if _version(connection, path) < VERSION:
            _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection, patience_s: float) -> None:
    """Write ahead from now on; SQLite itself does not wait for others who do the same."""
    until = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _code(error) not in _BUSY or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _readable(path: Path) -> sqlite3.Connection:
    """Open a file that cannot be written: as it is, and without its log where that is refused."""
    for options in ("mode=ro", "immutable=1"):
        connection = sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, isolation_level=None)
        with suppress(sqlite3.OperationalError):
            if _version(connection, path) == VERSION:
                return connection
        connection.close()
    raise StoreError("the history can be neither written nor read", where=str(path))


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)  # somebody may have been faster
        for statement in statements(version, _WORDS):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise StoreError(
            "the history was written by a newer Lamina",
            where=str(path),
            hint="use that one, or another file (LAMINA_HISTORY)",
            why=f"its version is {version}, and this Lamina knows {VERSION}",
        )
    names = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version == 0 and names:
        raise StoreError("the file is a database of something else", where=str(path))
    return version


def _conditions(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    equal = {
        name: value
        for name in ("project", "branch", "scope", "outcome")
        if (value := getattr(wanted, name))
    }
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


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into errors of ours."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in _BUSY:
            raise StoreError(
                "somebody else writes the history", where=str(path), hint="try again"
            ) from error
        if code in _DAMAGED:
            raise DamagedHistoryError(
                "the history is damaged",
                where=str(path),
                hint="move it away, or repair it with `sqlite3 FILE .recover`",
                why=str(error),
            ) from error
        raise StoreError(f"cannot use the history: {error}", where=str(path)) from error
    except OSError as error:
        raise StoreError(
            f"cannot use the history: {error.strerror or error}", where=str(path)
        ) from error
