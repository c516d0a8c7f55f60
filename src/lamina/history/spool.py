"""The spool: each build's events in a file of their own, until a database has taken them.

Writing a line is all that a build pays for being recorded, so nothing heavy is imported here.  A
file is written line by line and locked while its build runs: what a build said before it was killed
is on disk, and a reader knows that nobody writes any more.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from lamina.history.migrations import VERSION

FORMAT: Final = 1
SUFFIX: Final = ".events"
RECORD_SUFFIX: Final = ".record"
"""A file of this kind holds a finished record that no database could take."""
DUE_FILES: Final = 64
DUE_SECONDS: Final = 5.0


class SpoolWriter:
    """One build's file, open and locked; every method may raise ``OSError``."""

    def __init__(self, folder: Path, id_: str, header: Mapping[str, Any]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / f"{id_}{SUFFIX}"
        hidden = folder / f".{id_}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(hidden, flags, 0o600)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.write(json.dumps({"spool": FORMAT, "id": id_, **header}, separators=(",", ":")))
            hidden.rename(self.path)  # nobody sees it before it is locked
        except OSError:
            with suppress(OSError):
                hidden.unlink()
            os.close(self._file)
            raise

    def write(self, line: str) -> None:
        """Add a line; it is there whole, or this raises."""
        data = line.encode() + b"\n"
        if os.write(self._file, data) != len(data):
            raise OSError(None, "a line was written in part", str(self.path))

    def close(self) -> None:
        """Give the file to whoever reads the spool."""
        os.close(self._file)

    def drop(self) -> None:
        """Remove the file: a part of a build must not pass for the whole."""
        with suppress(OSError):
            self.path.unlink()
        with suppress(OSError):
            os.close(self._file)


def is_due(folder: Path, database: Path, seconds: float) -> bool:
    """Say whether a build of ``seconds`` should bring the spool into the database at its end.

    A long build will not feel it, a short one would; but somebody has to when many wait, or when
    the database looks as if its user had better know.
    """
    is_long = seconds >= DUE_SECONDS
    return is_long or sum(1 for _ in folder.iterdir()) > DUE_FILES or _is_ailing(database)


def _is_ailing(database: Path) -> bool:
    """Look at the header of an SQLite file (fileformat.html, 1.3): whose it is, which version."""
    try:
        with database.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    version = int.from_bytes(header[60:64])
    is_ours = not header or (header.startswith(b"SQLite format 3\0") and version <= VERSION)
    return not is_ours or not os.access(database, os.W_OK)
