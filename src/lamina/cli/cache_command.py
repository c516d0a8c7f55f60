"""``lamina cache``: what the store holds, and what of it can go."""

import argparse
import re
import sys
from typing import Final

from lamina.cli import wiring
from lamina.cli.cache_document import prune_document, size_document, stuck_error
from lamina.cli.clock import now
from lamina.project.budgets import parse_size
from lamina.reports.document import Document
from lamina.reports.formats.json import to_json
from lamina.reports.formats.terminal import to_terminal
from lamina.store.choose import Wishes
from lamina.store.prune import prune
from lamina.store.take_stock import take_stock

_UNITS: Final = {"m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_SIZE: Final = "what the store holds, and how much of it no named image needs"
_PRUNE: Final = "remove what no named image needs, what was used least recently first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the commands below this one."""
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", help="what to do with the store"
    )
    size = commands.add_parser("size", help=_SIZE, description=_SIZE)
    size.set_defaults(action=_size)
    _add_format(size)
    pruning = commands.add_parser("prune", help=_PRUNE, description=_PRUNE)
    pruning.set_defaults(action=_prune)
    pruning.add_argument(
        "--older-than", type=_span, default=0.0, metavar="SPAN",
        help="only what was not used for so long, as 12h, 30d or 4w (default: everything)",
    )  # fmt: skip
    pruning.add_argument(
        "--keep-size", type=_bytes, default=0, metavar="SIZE",
        help="stop when the store has no more than this, as 20GB (default: remove all of it)",
    )  # fmt: skip
    pruning.add_argument(
        "--all", action="store_true", dest="named", help="named images too, after everything else"
    )
    pruning.add_argument(
        "--dry-run", action="store_true", help="only say what would go, and remove nothing"
    )
    _add_format(pruning)


def run(options: argparse.Namespace) -> int:
    """Do what the second word says, and print it."""
    code: int = options.action(options)
    return code


def _size(options: argparse.Namespace) -> int:
    store = wiring.open_store()
    stock = take_stock(store)
    _print(size_document(store.root, stock, is_whole=options.format == "json"), options.format)
    return 0


def _prune(options: argparse.Namespace) -> int:
    store = wiring.open_store()
    wishes = Wishes(
        now=now(),
        older_than=options.older_than,
        keep_size=options.keep_size,
        named=options.named,
    )
    pruned = prune(store, wishes, is_dry=options.dry_run)
    is_whole = options.format == "json"
    document = prune_document(store.root, pruned, is_dry=options.dry_run, is_whole=is_whole)
    _print(document, options.format)
    if pruned.stuck:
        sys.stdout.flush()  # an error does not wait for what was said before it
        raise stuck_error(pruned.stuck)
    return 0


def _print(document: Document, wanted: str) -> None:
    print(to_json(document) if wanted == "json" else to_terminal(document))


def _span(text: str) -> float:
    """Read a span of time as seconds."""
    match = re.fullmatch(r"([0-9]{1,6})([mhdw])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no span, such as 12h, 30d or 4w")
    return float(match[1]) * _UNITS[match[2]]


def _bytes(text: str) -> int:
    size = parse_size(text)
    if size is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size, such as 20GB or 500 MiB")
    return size


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
