"""Keep traced builds: in the history, or beside it until the history can be written again."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lamina.durable import incoming
from lamina.errors import LaminaError
from lamina.history.database import open_history
from lamina.history.document import record_from_text, record_to_text
from lamina.history.record import BuildRecord

SUFFIX = ".record"


def keep(
    location: str, waiting: Path, records: Sequence[BuildRecord], *, patience_s: float = 5.0
) -> tuple[str, ...]:
    """Add builds to the history at ``location``; never raise.

    What cannot be added becomes a file in ``waiting`` and is added the next time.  Returns what
    the user should know, a line each.
    """
    found, files = _waiting(waiting)
    try:
        with open_history(location, patience_s=patience_s) as history:
            history.add([*found, *records])
    except LaminaError as error:
        reason = f"{error.what} ({error.why})" if error.why else error.what
        kept = sum(_put_aside(waiting, record) for record in records)
        where = f"they wait in {waiting}" if kept == len(records) else "they are lost"
        return (f"{len(records)} builds could not be recorded, {where}: {reason}",)
    for path in files:
        with suppress(OSError):
            path.unlink()
    return ()


def _waiting(folder: Path) -> tuple[list[BuildRecord], list[Path]]:
    records: list[BuildRecord] = []
    files: list[Path] = []
    with suppress(OSError):
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            with suppress(OSError, LaminaError):
                records.append(record_from_text(path.read_bytes()))
                files.append(path)
    return records, files


def _put_aside(folder: Path, record: BuildRecord) -> bool:
    try:
        with incoming(folder) as file:
            file.file.write(record_to_text(record).encode())
            file.commit(folder / f"{record.id}{SUFFIX}")
    except LaminaError:
        return False
    return True
