"""Keep traced builds: in the history, or beside it until the history can be written again."""

from collections.abc import Sequence
from contextlib import suppress
from math import inf
from pathlib import Path

from lamina.durable import incoming
from lamina.history.document import record_to_text
from lamina.history.drain import drain
from lamina.history.record import BuildRecord
from lamina.history.spool import RECORD_SUFFIX


def keep(
    location: str,
    waiting: Path,
    records: Sequence[BuildRecord],
    *,
    patience_s: float = 5.0,
    now: float = inf,
) -> tuple[str, ...]:
    """Add builds to the history at ``location``; never raise.

    Each becomes a file in the spool ``waiting``, and stays there while it cannot be added.
    ``now``, in seconds since the epoch, is for builds that are dated in the future.  Returns what
    the user should know, a line each.
    """
    lost = sum(not _put_aside(waiting, record) for record in records)
    notices = drain(location, waiting, patience_s=patience_s, now=now)
    if lost:
        return (f"{lost} builds could not be noted in {waiting}: they are lost", *notices)
    return notices


def _put_aside(folder: Path, record: BuildRecord) -> bool:
    try:
        with suppress(OSError):  # said below
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with incoming(folder) as file:
            file.file.write(record_to_text(record).encode())
            file.commit(folder / f"{record.id}{RECORD_SUFFIX}", mode=0o600)
    except Exception:  # noqa: BLE001 - the user's build has ended, and is worth more than its record
        return False
    return True
