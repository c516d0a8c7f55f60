"""``lamina build``: build a project's image and write it somewhere."""

import argparse
import json
from pathlib import Path

from lamina.build import build
from lamina.cli import wiring
from lamina.cli.outputs import parse_output
from lamina.destinations.named import NamedDestination
from lamina.errors import UsageError
from lamina.lock.target import check_supported
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.protocols import Destination


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "-t", "--tag", action="append", default=[], metavar="REF", help="name the image"
    )
    parser.add_argument(
        "-o", "--output", action="append", default=[], metavar="DEST",
        help="oci:DIR, oci-archive:FILE or docker-archive:FILE; without one, it stays in the store",
    )  # fmt: skip
    parser.add_argument(
        "--platform", default="", help="linux/amd64,linux/arm64 (default: this machine's)"
    )
    parser.add_argument(
        "--progress", choices=("auto", "plain", "rawjson"), default="auto",
        help="how to show what happens; `auto` draws on a terminal and prints lines elsewhere",
    )  # fmt: skip
    parser.add_argument("--pull", action="store_true", help="look for newer packages of the base")
    parser.add_argument("--no-cache", action="store_true", help="make every layer again")
    parser.add_argument("--offline", action="store_true", help="use nothing but the store")
    parser.add_argument("--metadata-file", type=Path, help="write the digests as JSON")


def run(options: argparse.Namespace) -> int:
    """Build, and write to every destination."""
    chosen = platforms(options.platform)
    names = tuple(str(Reference.parse(text)) for text in options.tag)
    workshop = wiring.workshop(
        options.path, offline=options.offline, refresh=options.pull, no_cache=options.no_cache
    )
    destinations: list[Destination] = [parse_output(text, names) for text in options.output]
    if names:
        destinations.append(NamedDestination(workshop.store, names))
    if not destinations:
        raise UsageError(
            "the image would go nowhere", hint="name it with -t NAME, or give -o oci:DIR"
        )
    with wiring.listening(options.progress) as step:
        image = build(options.path, chosen, destinations, workshop, step)
    if options.metadata_file:
        text = json.dumps(_metadata(image, names), indent=2) + "\n"
        options.metadata_file.write_text(text, encoding="utf-8")
    print(image.descriptor.digest)
    return 0


def platforms(text: str) -> tuple[Platform, ...]:
    """Read ``--platform``; nothing means this machine's architecture.

    Raises ``UsageError`` for a platform that nothing can be built for.
    """
    chosen = tuple(Platform.parse(part) for part in text.split(",") if part.strip())
    wanted = dict.fromkeys(chosen or (wiring.host_platform(),))
    return tuple(map(check_supported, wanted))


def _metadata(image: Image | Index, names: tuple[str, ...]) -> dict[str, object]:
    metadata: dict[str, object] = {
        "containerimage.digest": str(image.descriptor.digest),
        "containerimage.descriptor": image.descriptor.to_json(),
        "image.name": ",".join(names),
    }
    if isinstance(image, Image):
        metadata["containerimage.config.digest"] = str(image.config.digest)
    return metadata
