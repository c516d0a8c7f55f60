"""``lamina history export``: past builds for other programs."""

import argparse
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lamina.durable import incoming
from lamina.errors import LaminaError
from lamina.history.database import History
from lamina.history.document import record_to_text
from lamina.history.prometheus import exposition
from lamina.history.query import Wanted
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow

_STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments, besides the selection of builds."""
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="how many; 0 is all")
    parser.add_argument(
        "--format", choices=("jsonl", "prometheus"), default="jsonl",
        help="records, one a line, which `lamina history import` reads; or metrics for "
        "node_exporter's textfile collector",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", default=_STDOUT, metavar="FILE",
        help="write a file, whole or not at all; - is the standard output",
    )  # fmt: skip


def run(history: History, selection: Wanted, options: argparse.Namespace) -> int:
    """Write the selected builds."""
    rows = history.rows(selection)
    if options.format == "prometheus":
        _write(options.output, [exposition(rows, lambda row: _record(history, row))])
        return 0
    records = (record for row in reversed(rows) if (record := _record(history, row)))
    _write(options.output, (f"{record_to_text(record)}\n" for record in records))
    return 0


def _record(history: History, row: BuildRow) -> BuildRecord | None:
    """Read a record; one that cannot be read is passed over, as everywhere."""
    with suppress(LaminaError):
        return history.record(row.id)
    return None


def _write(output: str, parts: Iterable[str]) -> None:
    if output == _STDOUT:
        for part in parts:
            sys.stdout.write(part)
        return
    path = Path(output).absolute()
    with incoming(path.parent) as new:
        for part in parts:
            new.file.write(part.encode())
        new.commit(path, mode=0o644)  # whoever collects it is somebody else
