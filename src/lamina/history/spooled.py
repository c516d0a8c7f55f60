"""Spooled builds, read back: whatever of a file makes sense becomes a record."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, get_args

from lamina.errors import LaminaError
from lamina.events import Event
from lamina.history.codec import decode
from lamina.history.document import ID, record_from_text
from lamina.history.fold import Header, fold
from lamina.history.record import BuildRecord
from lamina.history.spool import RECORD_SUFFIX, SUFFIX

_SUFFIXES = {SUFFIX, RECORD_SUFFIX}
_EVENTS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Event)}


def entries(folder: Path) -> list[Path]:
    """List the files of the spool, those of running builds too; none where there is no spool."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    except OSError:
        return []


@contextmanager
def finished_entry(path: Path) -> Iterator[bytes | None]:
    """Hold a file of the spool and give its bytes; None while its build runs, or it is gone."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield _whole(file) if _is_ours(file) else None
    finally:
        os.close(file)


def _is_ours(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return os.fstat(file).st_nlink > 0  # else another reader was faster


def _whole(file: int) -> bytes:
    with os.fdopen(os.dup(file), "rb") as stream:
        return stream.read()


def read_entry(path: Path, data: bytes) -> BuildRecord | None:
    """Make a record of a file of the spool; None where it cannot be read."""
    if path.suffix == SUFFIX:
        return record_of(data)
    with suppress(LaminaError):
        return record_from_text(data)
    return None


def record_of(data: bytes) -> BuildRecord | None:
    """Fold what a file of the spool says; None when not even its first line can be read.

    Lines that were torn by a crash, and events of a newer Lamina, are passed over.
    """
    first, *rest = data.split(b"\n")
    try:
        header = decode(Header, _row(first))
    except LaminaError:
        return None
    if not ID.fullmatch(header.id):
        return None
    return fold(header, (event for line in rest if (event := event_of(_row(line))) is not None))


def event_of(row: object) -> Event | None:
    """Read an event from the JSON object that ``event_to_json`` made of it."""
    kind = _EVENTS.get(str(row.get("event"))) if isinstance(row, dict) else None
    if kind is None:
        return None
    with suppress(LaminaError):
        event: Event = decode(kind, row)
        return event
    return None


def _row(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
