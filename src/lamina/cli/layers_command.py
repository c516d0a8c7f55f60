"""``lamina layers``: what each layer of an image holds, and which of its bytes nobody sees."""

import argparse
import sys

from lamina.anatomy.reuse import reuse
from lamina.cli import images, wiring
from lamina.cli.looking import add_looking_arguments, anatomy_of, looking, wanted
from lamina.errors import ToolError, UsageError
from lamina.reports.formats.json import to_json
from lamina.reports.formats.terminal import to_terminal
from lamina.reports.layers import SHOWN, layers_document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("image", help=images.WHERE_IMAGES_ARE)
    parser.add_argument(
        "--against", default="", metavar="IMAGE",
        help="say which layers the previous image has, and what a node that has it pulls",
    )  # fmt: skip
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
    shown.add_argument(
        "--tui", action="store_true",
        help="browse its layers and files with the keyboard (needs lamina[tui])",
    )  # fmt: skip
    add_looking_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Take the image apart and show it."""
    return _browse(options) if options.tui else _print(options)


def _print(options: argparse.Namespace) -> int:
    """Print the image; of the previous one nothing but its manifest is read."""
    store, found = wiring.open_store(), None
    is_json = options.format == "json"
    with looking() as step:
        anatomy = anatomy_of(options.image, options, store, step)
        if options.against:
            with images.opened(wanted(options.against, options), store) as previous:
                found = reuse(previous.image, anatomy.image, base=anatomy.base.count)
    document = layers_document(
        options.image, anatomy, previous=options.against, reuse=found,
        shown=None if is_json else SHOWN,
    )  # fmt: skip
    print(to_json(document) if is_json else to_terminal(document))
    return 0


def _browse(options: argparse.Namespace) -> int:
    """Let the image be browsed; what is missing for it is said before the image is read."""
    if options.against:
        raise UsageError("--tui shows one image", hint="leave --against out, or --tui")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--tui needs a terminal", hint="leave it out, or use --format json")
    try:
        from lamina.cli.tui.browser import Browser  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ToolError("--tui needs textual", hint="install lamina[tui]") from error
    from lamina.reports.browse import contents_of  # noqa: PLC0415 - only for browsing

    with looking() as step:
        anatomy = anatomy_of(options.image, options, wiring.open_store(), step)
    browser = Browser(options.image, contents_of(anatomy))
    browser.run()
    return browser.return_code or 0
