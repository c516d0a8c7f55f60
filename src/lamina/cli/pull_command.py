"""``lamina pull``: bring an image of a registry into the store, byte by byte as it is."""

import argparse
from dataclasses import replace

from lamina.cli import wiring
from lamina.cli.registries import add_registry_arguments
from lamina.image.pick import pick, pick_manifest
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.registry.client import RegistryClient
from lamina.registry.fetch import fetch_below
from lamina.registry.pull import RemoteContent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "reference", metavar="REF", help="registry/name:tag or registry/name@digest"
    )
    parser.add_argument(
        "-t", "--tag", metavar="NAME", help="call it NAME in the store (default: REF)"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--platform",
        default="",
        help="linux/amd64 or another one (default: this machine's, or the only one there is)",
    )
    which.add_argument(
        "--all-platforms", action="store_true", help="bring the index whole, to be pushed as it is"
    )
    parser.add_argument(
        "--progress",
        choices=("auto", "plain", "rawjson"),
        default="auto",
        help="how progress is shown: a live display on a terminal, lines, or JSON events",
    )
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Fetch what the store lacks, and remember it under its name."""
    reference = Reference.parse(options.reference)
    wanted = Platform.parse(options.platform) if options.platform else None
    name = Reference.parse(options.tag) if options.tag else reference
    store = wiring.open_store()
    client = wiring.registries(options.insecure_registry)(reference)
    with wiring.listening(options.progress) as step, step.child(f"pull {reference}") as pulling:
        root, _ = client.get_manifest(str(reference.digest or reference.tag))
        chosen = root if options.all_platforms else _chosen(client, root, wanted, str(reference))
        fetch_below(client, chosen, store.blobs, pulling)
    store.remember("name", str(name), replace(chosen, platform=None, annotations={}).to_json())
    print(chosen.digest)
    return 0


def _chosen(
    client: RegistryClient, root: Descriptor, wanted: Platform | None, where: str
) -> Descriptor:
    """Choose one image of an index; what is none, perhaps not even an image, is taken as it is."""
    content, usual = RemoteContent(client), wiring.host_platform()
    if wanted is not None:
        return pick(content, [root], wanted=wanted, usual=usual, where=where)[0]
    if root.media_type not in media_type.INDEXES:
        return root
    return pick_manifest(content, [root], wanted=None, usual=usual, where=where)
