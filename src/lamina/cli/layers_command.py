"""``lamina layers``: what each layer of an image holds, and which of its bytes nobody sees."""

import argparse

from lamina.anatomy.reuse import reuse
from lamina.cli import images, wiring
from lamina.cli.looking import add_looking_arguments, anatomy_of, looking, wanted
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
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
    add_looking_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Take the image apart and print it; of the previous image nothing but its manifest is read."""
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
