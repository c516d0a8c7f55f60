"""``lamina push``: send an image of the store or of a layout to registries."""

import argparse
from collections.abc import Sequence

from lamina.cli import images, wiring
from lamina.cli.elsewhere import lenders
from lamina.cli.registries import add_registry_arguments
from lamina.destinations.registry import bases_of, tags_of
from lamina.errors import UsageError
from lamina.events import ImagePublished
from lamina.image.blobs import ImageTree
from lamina.oci.reference import Reference
from lamina.registry.push import push

_TRANSPORTS = ("oci:", "oci-archive:", "docker-archive:", "docker-daemon:")


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
        "--check",
        action="store_true",
        help="ask for every layer, and send what the registry has lost, though it has the image",
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
    references = _references(options)
    store = wiring.open_store()
    tree, content = images.find_tree(options.image, store, options.insecure_registry)
    tags = [tags_of(reference, tree.root.digest) for reference in references]
    near = (*lenders(tree, store), *_near(options.image, tree))
    open_client = wiring.registries(options.insecure_registry)
    with wiring.listening(options.progress) as step:
        for number, reference in enumerate(references):
            mounts = (*reversed(references[:number]), *near)
            with step.child(f"push to {reference}") as pushing:
                push(
                    tree,
                    content,
                    open_client(reference, mounts=mounts),
                    tags=tags[number],
                    step=pushing,
                    is_checked=options.check,
                )
                pushing.tell(
                    ImagePublished, destination=f"docker://{reference}", digest=tree.root.digest
                )
    print(tree.root.digest)
    return 0


def _references(options: argparse.Namespace) -> Sequence[Reference]:
    """Read where to, which for an image of the store may be its name."""
    if not options.references and options.image.startswith(_TRANSPORTS):
        raise UsageError(
            f"{options.image} has no name in a registry",
            hint="say where to: lamina push IMAGE registry/name:tag",
        )
    return [_reference(text) for text in options.references or (options.image,)]


def _reference(text: str) -> Reference:
    if text.startswith(_TRANSPORTS):
        raise UsageError(
            f"{text} is no reference of a registry",
            hint="push to registry/name:tag, or write other places with `lamina build -o`",
        )
    return Reference.parse(text.removeprefix("docker://"))


def _near(image: str, tree: ImageTree) -> tuple[Reference, ...]:
    """List where in a registry the image's layers may be: under its own name, and the base's."""
    name = None if image.startswith(_TRANSPORTS) else Reference.parse(image)
    own = (name,) if name and name.registry else ()
    return (*own, *bases_of(tree))
