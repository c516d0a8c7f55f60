"""The file of a history in SQLite: opened, migrated, set aside, and what it says in our errors."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lamina.errors import StoreError
from lamina.history.migrations import VERSION, statements
from lamina.history.tables import RefusedBuildError

_WORDS: Final = {"real": "REAL", "blob": "BLOB", "builds": "builds", "costs": "costs"}
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_REFUSED: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_UNFIT: Final = (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH)
_PAUSE_S: Final = 0.01


class DamagedHistoryError(StoreError):
    """The file is no database, or not one whose tables can be used."""


def open_file(path: Path, patience_s: float) -> sqlite3.Connection:
    """Open or make the file; where it cannot be written, it is opened for reading.

    Raises ``DamagedHistoryError`` and ``StoreError``.
    """
    with translated(path):
        try:
            return _writable(path, patience_s)
        except sqlite3.OperationalError as error:
            if _code(error) not in _REFUSED or not path.is_file():
                raise
        return _readable(path)


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


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


@contextmanager
def translated(path: Path) -> Iterator[None]:
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
        kind = RefusedBuildError if code in _UNFIT else StoreError
        raise kind(f"cannot use the history: {error}", where=str(path)) from error
    except OSError as error:
        raise StoreError(
            f"cannot use the history: {error.strerror or error}", where=str(path)
        ) from error
