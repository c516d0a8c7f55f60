"""Drain: the spool's finished builds become records of the database, and leave the spool."""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lamina.errors import LaminaError, StoreError
from lamina.history.database import open_history
from lamina.history.location import is_postgresql
from lamina.history.record import BuildRecord
from lamina.history.spooled import entries, finished_entry, read_entry

_BATCH: Final = 500


def drain(
    location: str, spool: Path, *, patience_s: float = 5.0, waits: bool = True
) -> tuple[str, ...]:
    """Bring what waits in ``spool`` into the database at ``location``; never raise.

    Returns what the user should know, a line each: why builds have to go on waiting, that a damaged
    database was set aside.  A file leaves the spool when the database has its build for good, so
    one that is read twice after a crash is passed over the second time.  Without ``waits``, nothing
    is done while somebody else does it.
    """
    notices: list[str] = []
    if entries(spool):
        with _alone(spool, waits=waits) as is_alone:
            waiting = entries(spool) if is_alone else []
            for start in range(0, len(waiting), _BATCH):
                records = _records(waiting[start : start + _BATCH], notices)
                try:
                    _add(location, records, notices, patience_s)
                except LaminaError as error:
                    reason = f"{error.what} ({error.why})" if error.why else error.what
                    notices.append(f"{len(waiting) - start} builds wait in {spool}: {reason}")
                    break
    return tuple(notices)


def _records(paths: Sequence[Path], notices: list[str]) -> dict[Path, BuildRecord]:
    """Read the builds that have ended; what cannot be read is renamed, and left alone after."""
    records = {}
    for path in paths:
        with finished_entry(path) as data:
            if data is None:
                continue
            record = read_entry(path, data)
        if record is not None:
            records[path] = record
            continue
        notices.append(f"the note of a build cannot be read, and is passed over: {path}")
        with suppress(OSError):
            path.rename(path.with_suffix(".damaged"))
    return records


def _add(
    location: str, records: Mapping[Path, BuildRecord], notices: list[str], patience_s: float
) -> None:
    if not records:
        return
    try:
        _write(location, records.values(), patience_s)
    except StoreError as error:
        aside = _set_aside(location, error)
        if aside is None:
            raise
        notices.append(f"the history was damaged: it is {aside} now, and a new one begins")
        _write(location, records.values(), patience_s)
    for path in records:
        with suppress(OSError):
            path.unlink()


def _write(location: str, records: Iterable[BuildRecord], patience_s: float) -> None:
    with open_history(location, patience_s=patience_s) as history:
        history.add(records)


def _set_aside(location: str, error: StoreError) -> Path | None:
    if is_postgresql(location):
        return None
    from lamina.history.sqlite import DamagedHistoryError, set_aside  # noqa: PLC0415

    return set_aside(Path(location)) if isinstance(error, DamagedHistoryError) else None


@contextmanager
def _alone(spool: Path, *, waits: bool) -> Iterator[bool]:
    """Keep others from draining the same spool meanwhile; say whether that was possible."""
    try:
        folder = os.open(spool, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        yield False
    except OSError:  # a file system without locks
        yield True
    else:
        yield True
    finally:
        os.close(folder)
