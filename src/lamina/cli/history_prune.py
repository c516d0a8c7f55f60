"""``lamina history prune``: old builds leave the history, and it gets smaller."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import Final

from lamina.cli.clock import now
from lamina.errors import StoreError
from lamina.history.database import History
from lamina.history.prune import Keep, surplus
from lamina.history.query import Wanted
from lamina.history.rows import BuildRow
from lamina.observers.printable import printable
from lamina.reports.figures import counted, time_text
from lamina.sizes import bytes_text

_DAYS: Final = {"d": 1, "w": 7}
_DAY_S: Final = 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "--keep", required=True, type=_keep, metavar="WHAT",
        help="builds of so many days or weeks, as 90d or 12w; or the newest builds of each image, "
        "as 1000",
    )  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would go, and remove nothing"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )


def run(history: History, options: argparse.Namespace) -> int:
    """Remove what is not kept, and say what went."""
    rows = history.rows(Wanted())
    gone = surplus(rows, options.keep)
    before = after = history.size()
    if gone and not options.dry_run:
        history.remove([row.id for row in gone])
        _compact(history)
        after = history.size()
    if options.format == "json":
        figures = {
            "removed": len(gone), "kept": len(rows) - len(gone), "bytes_before": before,
            "bytes_after": after, "is_dry_run": options.dry_run,
        }  # fmt: skip
        print(json.dumps(figures, indent=2))
    else:
        print(_text(rows, gone, before, after, is_dry=options.dry_run))
    return 0


def _compact(history: History) -> None:
    """Give the room back; whatever is in the way of that, the builds are gone for good."""
    try:
        history.compact()
    except StoreError as error:
        print(
            f"warning: the builds are gone, but not their room: {printable(error.what)}",
            file=sys.stderr,
        )


def _text(
    rows: Sequence[BuildRow], gone: Sequence[BuildRow], before: int, after: int, *, is_dry: bool
) -> str:
    if not gone:
        return f"nothing is removed of {counted(len(rows), 'build')}"
    what = f"{len(gone):,} of {counted(len(rows), 'build')}, until {time_text(gone[0].started)} UTC"
    if is_dry:
        return f"would remove {what}; the history has {bytes_text(before)}"
    return f"removed {what}; the history had {bytes_text(before)} and has {bytes_text(after)}"


def _keep(text: str) -> Keep:
    if match := re.fullmatch(r"([1-9][0-9]{0,5})([dw])", text):
        return Keep(since=now() - int(match[1]) * _DAYS[match[2]] * _DAY_S)
    if re.fullmatch("[1-9][0-9]{0,8}", text):
        return Keep(newest=int(text))
    raise argparse.ArgumentTypeError(f"{text!r} is neither a span, as 90d or 12w, nor a number")
