"""``lamina sbom``: the bill of materials of a project's image, or of any image."""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lamina.build import make_plan
from lamina.cli import images, wiring
from lamina.cli.bills import gather_bill, read_image, tool_version
from lamina.cli.build_command import platforms
from lamina.cli.registries import add_registry_arguments
from lamina.cli.subjects import is_folder
from lamina.cli.variants import add_variant_argument
from lamina.durable import incoming
from lamina.errors import ImageError, UsageError
from lamina.image.cyclonedx import cyclonedx
from lamina.image.sbom import Bill, bill_of_image
from lamina.image.spdx import spdx
from lamina.oci import media_type
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.project.read import read_project
from lamina.registry.attestations import find_document
from lamina.steps import Step

_REGISTRY: Final = "docker://"


@dataclass(frozen=True, slots=True)
class _Format:
    write: Callable[[Bill], bytes]
    kind: str


_FORMATS: Final[Mapping[str, _Format]] = {
    "cyclonedx-json": _Format(
        lambda bill: cyclonedx(bill, tool_version=tool_version()), media_type.CYCLONEDX
    ),
    "spdx-json": _Format(lambda bill: spdx(bill, tool_version=tool_version()), media_type.SPDX),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "subject", nargs="?", default=".", metavar="PATH|IMAGE",
        help=f"a project's folder, or an image: {images.WHERE_IMAGES_ARE}",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=tuple(_FORMATS), default="cyclonedx-json",
        help="CycloneDX 1.6 or SPDX 2.3 (default: cyclonedx-json)",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it to FILE")
    parser.add_argument("--platform", default="", help="linux/amd64 or another one")
    parser.add_argument(
        "--read", action="store_true",
        help="read the layers of an image in a registry, even where a bill is attached to it",
    )  # fmt: skip
    parser.add_argument("--offline", action="store_true", help="use nothing but the store")
    add_variant_argument(parser)
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Write the bill."""
    with wiring.listening("plain" if options.output else "auto") as step:
        of = _of_project if is_folder(options.subject) else _of_image
        data = of(options, step)
    if options.output is None:
        print(data.decode(), end="")
        return 0
    with incoming(options.output.absolute().parent) as new:
        new.file.write(data)
        new.commit(options.output, mode=0o644)
    return 0


def _of_project(options: argparse.Namespace, step: Step) -> bytes:
    """List what a build would put into the image; nothing is built."""
    chosen = platforms(options.platform)
    if len(chosen) != 1:
        raise UsageError("a bill is of one platform", hint="run it once for each")
    directory = Path(options.subject)
    project = read_project(directory, options.variant)
    workshop = wiring.workshop(
        directory, offline=options.offline, insecure=options.insecure_registry
    )
    plan = make_plan(project, chosen[0], workshop, step)
    opener = wiring.wheel_parts(directory, offline=options.offline)
    bill = gather_bill(plan, workshop, opener, step, project_version=project.version)
    return _FORMATS[options.format].write(bill)


def _of_image(options: argparse.Namespace, step: Step) -> bytes:
    platform = Platform.parse(options.platform) if options.platform else None
    wanted = images.Wanted(
        name=options.subject, platform=platform, insecure=options.insecure_registry
    )
    with images.opened(wanted, wiring.open_store()) as found:
        attached = None if options.read else _attached(options, found)
        if attached is not None:
            step.log("this is the bill that is attached to the image; --read reads its layers")
            return attached
        with step.child(f"read {options.subject}") as reading:
            listed = read_image(found.image, found.content, reading)
    digest = found.manifest.digest if found.manifest else None
    return _FORMATS[options.format].write(bill_of_image(_name(found), found.image, digest, listed))


def _attached(options: argparse.Namespace, found: images.Found) -> bytes | None:
    """Fetch the bill that a registry keeps beside an image."""
    if not options.subject.startswith(_REGISTRY) or found.manifest is None:
        return None
    reference = Reference.parse(options.subject.removeprefix(_REGISTRY))
    client = wiring.registries(options.insecure_registry)(reference)
    data = find_document(client, found.manifest.digest, _FORMATS[options.format].kind)
    if data is None:
        return None
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageError(
            "the bill that is attached to the image is no JSON",
            where=options.subject,
            hint="read the layers instead, with --read",
        ) from error
    return data


def _name(found: images.Found) -> str:
    """Call an image what its label says, else what it was asked for by."""
    title = found.image.runtime.labels.get("org.opencontainers.image.title")
    return title or found.name.rpartition("/")[2]
