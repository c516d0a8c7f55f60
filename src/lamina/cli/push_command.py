"""``lamina push``: send an image of the store or of a layout to registries."""

import argparse

from lamina.cli import images, wiring
from lamina.cli.registries import add_registry_arguments
from lamina.destinations.registry import tags_of
from lamina.events import ImagePublished
from lamina.oci.reference import Reference
from lamina.registry.push import push


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("image", help="a name given with build -t, or oci:DIR[:NAME]")
    parser.add_argument(
        "references",
        nargs="*",
        metavar="REF",
        help="where to, as registry/name:tag (default: the image's own name)",
    )
    parser.add_argument(
        "--progress",
        choices=("auto", "plain", "rawjson"),
        default="auto",
        help="how progress is shown: a live display on a terminal, lines, or JSON events",
    )
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Push to each reference; print the digest that it can be pulled by."""
    tree, content = images.find_tree(options.image, wiring.open_store())
    references = [Reference.parse(text) for text in options.references or (options.image,)]
    open_client = wiring.registries(options.insecure_registry)
    with wiring.listening(options.progress) as step:
        for reference in references:
            with step.child(f"push to {reference}") as pushing:
                tags = tags_of(reference)
                push(tree, content, open_client(reference), tags=tags, step=pushing)
                pushing.tell(
                    ImagePublished, destination=f"docker://{reference}", digest=tree.root.digest
                )
    print(tree.root.digest)
    return 0
