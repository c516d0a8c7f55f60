"""``lamina pull``: bring an image of a registry into the store, byte by byte as it is."""

import argparse

from lamina.cli import wiring
from lamina.cli.registries import add_registry_arguments
from lamina.oci.reference import Reference
from lamina.registry.fetch import fetch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "reference", metavar="REF", help="registry/name:tag or registry/name@digest"
    )
    parser.add_argument(
        "-t", "--tag", metavar="NAME", help="call it NAME in the store (default: REF)"
    )
    parser.add_argument(
        "--progress",
        choices=("auto", "plain", "rawjson"),
        default="auto",
        help="how progress is shown: a live display on a terminal, lines, or JSON events",
    )
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Fetch what the store lacks, all platforms of it, and remember it under its name."""
    reference = Reference.parse(options.reference)
    name = Reference.parse(options.tag) if options.tag else reference
    store = wiring.open_store()
    open_client = wiring.registries(options.insecure_registry)
    with wiring.listening(options.progress) as step, step.child(f"pull {reference}") as pulling:
        descriptor = fetch(
            open_client(reference), str(reference.digest or reference.tag), store.blobs, pulling
        )
    store.remember("name", str(name), descriptor.to_json())
    print(descriptor.digest)
    return 0
