"""Drain: the spool's finished builds become records of the database, and leave the spool."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import Final

from lamina.errors import LaminaError, StoreError
from lamina.history.database import History, open_history
from lamina.history.location import is_postgresql
from lamina.history.record import BuildRecord
from lamina.history.spooled import entries, finished_entry, read_entry
from lamina.history.tables import RefusedBuildError

_BATCH: Final = 500
_Writer = Callable[[Mapping[Path, BuildRecord]], dict[Path, Exception]]


def drain(
    location: str,
    spool: Path,
    *,
    patience_s: float = 5.0,
    waits: bool = True,
    now: float = inf,
) -> tuple[str, ...]:
    """Bring what waits in ``spool`` into the database at ``location``; never raise.

    Returns what the user should know, a line each: why builds have to go on waiting, that a damaged
    database was set aside.  A file leaves the spool when the database has its build for good, so
    one that is read twice after a crash is passed over the second time.  A file that stops us is
    put aside.  Without ``waits``, nothing is done while somebody else does it.  ``now``, in seconds
    since the epoch, is for builds that are dated in the future.
    """
    notices: list[str] = []
    if entries(spool):
        with _alone(spool, waits=waits) as is_alone:
            waiting = entries(spool) if is_alone else []
            for start in range(0, len(waiting), _BATCH):
                records = _records(waiting[start : start + _BATCH], notices)
                write = partial(_write, location, patience_s=patience_s, now=now)
                try:
                    _add(location, records, notices, write)
                except Exception as error:  # noqa: BLE001 - no bug of ours is worth a build
                    left = len(waiting) - start
                    notices.append(f"{left} builds wait in {spool}: {_reason(error)}")
                    break
    return tuple(notices)


def _records(paths: Sequence[Path], notices: list[str]) -> dict[Path, BuildRecord]:
    """Read the builds that have ended; what cannot be read is renamed, and left alone after."""
    records = {}
    for path in paths:
        with finished_entry(path) as data:
            if data is None:
                continue
            record = _read(path, data)
        if record is not None:
            records[path] = record
            continue
        notices.append(f"the note of a build cannot be read, and is passed over: {path}")
        _put_aside(path)
    return records


def _read(path: Path, data: bytes) -> BuildRecord | None:
    try:
        return read_entry(path, data)
    except Exception:  # noqa: BLE001 - what nobody thought of must not stop the others
        return None


def _put_aside(path: Path) -> None:
    with suppress(OSError):
        path.rename(path.with_suffix(".damaged"))


def _reason(error: Exception) -> str:
    if isinstance(error, LaminaError):
        return f"{error.what} ({error.why})" if error.why else error.what
    return type(error).__name__  # its text may hold a password


def _add(
    location: str, records: Mapping[Path, BuildRecord], notices: list[str], write: _Writer
) -> None:
    if not records:
        return
    try:
        refused = write(records)
    except StoreError as error:
        aside = _set_aside(location, error)
        if aside is None:
            raise
        notices.append(f"the history was damaged: it is {aside} now, and a new one begins")
        refused = write(records)
    for path, why in refused.items():
        notices.append(f"a build cannot be recorded ({_reason(why)}), and is passed over: {path}")
        _put_aside(path)
    for path in records.keys() - refused.keys():
        with suppress(OSError):
            path.unlink()


def _write(
    location: str, records: Mapping[Path, BuildRecord], *, patience_s: float, now: float
) -> dict[Path, Exception]:
    """Add builds; return those that cannot be, with why.  Raises ``LaminaError`` for them all."""
    with open_history(location, patience_s=patience_s) as history:
        try:
            history.add(records.values(), now=now)
        except RefusedBuildError:
            return _write_each(history, records, now)
        except LaminaError:
            raise
        except Exception:  # noqa: BLE001 - one of them is more than we thought of
            return _write_each(history, records, now)
    return {}


def _write_each(
    history: History, records: Mapping[Path, BuildRecord], now: float
) -> dict[Path, Exception]:
    refused: dict[Path, Exception] = {}
    for path, record in sorted(records.items(), key=lambda item: item[1].started):
        try:
            history.add([record], now=now)
        except RefusedBuildError as error:
            refused[path] = error
        except LaminaError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            refused[path] = error
    return refused


def _set_aside(location: str, error: StoreError) -> Path | None:
    if is_postgresql(location):
        return None
    from lamina.history.sqlite_file import DamagedHistoryError, set_aside  # noqa: PLC0415

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
