"""``lamina scan``: what is unsafe in an image or a project, and what could not be looked at."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from lamina.cli import images, wiring
from lamina.cli import scan_parts as parts
from lamina.cli.clock import now
from lamina.cli.looking import wanted as wanted_image
from lamina.cli.registries import add_registry_arguments
from lamina.cli.subjects import is_folder
from lamina.cli.variants import add_variant_argument
from lamina.errors import UsageError
from lamina.oci.image import Image
from lamina.oci.platform import Platform
from lamina.project.project import Project
from lamina.project.read import is_project, read_project
from lamina.scan.accepted import judge
from lamina.scan.base import BaseStatus, base_of_layers
from lamina.scan.finding import SEVERITIES, Outcome
from lamina.scan.formats.json import to_json
from lamina.scan.formats.markdown import to_markdown
from lamina.scan.formats.sarif import to_sarif
from lamina.scan.formats.text import to_text
from lamina.scan.locked import locked_distributions
from lamina.scan.read import read_files, read_image
from lamina.scan.result import ScanResult
from lamina.scan.run import (
    NAMES,
    OF_PROJECTS,
    OURS,
    ImageSubject,
    Means,
    ProjectSubject,
    scan_image,
    scan_project,
)
from lamina.steps import Step
from lamina.store.store import Store

_FORMATS: Final[Mapping[str, Callable[[ScanResult], str]]] = {
    "text": to_text,
    "json": to_json,
    "sarif": to_sarif,
    "markdown": to_markdown,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "subject", nargs="?", default=".", metavar="IMAGE|PATH",
        help=f"a project's folder, or {images.WHERE_IMAGES_ARE}",
    )  # fmt: skip
    parser.add_argument(
        "--scanners", default="", metavar="NAMES",
        help=f"which of {','.join(NAMES)} (default: all that are Lamina's own and apply)",
    )  # fmt: skip
    parser.add_argument(
        "--allow-unscanned", action="append", default=[], metavar="NAMES",
        help="scanners that need not have scanned; any other that has not makes the exit code 4",
    )  # fmt: skip
    parser.add_argument(
        "--severity", choices=SEVERITIES, default="medium",
        help="the mildest finding that makes the exit code 1 (default: medium)",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=tuple(_FORMATS), default="text",
        help="for people, for programs, for code scanning, or for a pull request",
    )  # fmt: skip
    parser.add_argument(
        "--project", type=Path, default=Path(), metavar="PATH",
        help="the folder whose settings count when an image is scanned (default: this one)",
    )  # fmt: skip
    parser.add_argument(
        "--base", default="", metavar="IMAGE",
        help="the image that an image should stand on (default: what its annotations name)",
    )  # fmt: skip
    parser.add_argument("--offline", action="store_true", help="ask nobody; what is known counts")
    parser.add_argument(
        "--platform", default="",
        help="linux/amd64 or another one (default: this machine's, or the only one there is)",
    )  # fmt: skip
    add_variant_argument(parser)
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Scan, print, and say with the exit code what is to be thought of it."""
    _names(options.allow_unscanned, option="--allow-unscanned")
    scan = _scan_project if is_folder(options.subject) else _scan_image
    with wiring.listening("auto") as step:
        result = scan(options, step)
    print(_FORMATS[options.format](result), end="")
    return result.exit_code


def _scan_image(options: argparse.Namespace, step: Step) -> ScanResult:
    chosen = _names([options.scanners], option="--scanners") or OURS
    project = (
        read_project(options.project, options.variant) if is_project(options.project) else None
    )
    store = wiring.open_store()
    with images.opened(wanted_image(options.subject, options), store) as found:
        documents = parts.documents(found)
        look = _look(options, found.image.platform, project)
        subject = ImageSubject(
            inventory=lambda: read_image(found.image, found.content),
            config=documents.config,
            runtime=found.image.runtime,
        )
        means = Means(
            advisories=parts.advisories(options.project, store, is_offline=options.offline),
            suite=parts.security_suite(store, is_offline=options.offline),
            base=lambda: _base(options, store, found.image, look, documents.annotations),
            place=parts.place_of_image(found, store),
            programs=parts.programs(),
            settings=parts.settings_of(project),
            own=parts.own_names(project),
            now=now(),
        )
        outcomes = scan_image(subject, chosen, means, step)
        digest = str((found.manifest or found.image.config).digest)
    return _result(outcomes, options, project, digest=digest)


def _base(
    options: argparse.Namespace,
    store: Store,
    image: Image,
    look: parts.BaseLook,
    annotations: Mapping[str, str],
) -> BaseStatus:
    """Look at the base that the user names, or at the one that the image names."""
    if not options.base:
        return look.of_image(annotations)
    wanted = images.Wanted(
        name=options.base, platform=image.platform, insecure=options.insecure_registry
    )
    if options.offline and images.is_remote(options.base):
        return BaseStatus(reference=options.base, state="unknown", hint=parts.OFFLINE)
    with images.opened(wanted, store) as found:
        return base_of_layers(options.base, found.image, image)


def _scan_project(options: argparse.Namespace, step: Step) -> ScanResult:
    if options.base:
        raise UsageError("--base is for an image", hint="a project's settings name its base")
    chosen = _names([options.scanners], option="--scanners") or OF_PROJECTS
    directory = Path(options.subject)
    project = read_project(directory, options.variant)
    store = wiring.open_store()
    platform = Platform.parse(options.platform) if options.platform else wiring.host_platform()
    look = _look(options, platform, project)
    means = Means(
        advisories=parts.advisories(directory, store, is_offline=options.offline),
        suite=None,
        base=lambda: look.of_project(project, step),
        place=parts.place_of_project(directory),
        programs=parts.programs(),
        settings=parts.settings_of(project),
        own=parts.own_names(project),
        now=now(),
    )
    subject = ProjectSubject(
        inventory=lambda: read_files(directory, parts.files_of(project)),
        distributions=lambda: locked_distributions(project),
    )
    return _result(scan_project(subject, chosen, means, step), options, project)


def _look(
    options: argparse.Namespace, platform: Platform, project: Project | None
) -> parts.BaseLook:
    return parts.BaseLook(
        platform=platform,
        open_client=wiring.registries(options.insecure_registry),
        is_offline=options.offline,
        is_dated=bool(parts.settings_of(project).base_max_age),
    )


def _result(
    outcomes: Sequence[Outcome],
    options: argparse.Namespace,
    project: Project | None,
    *,
    digest: str = "",
) -> ScanResult:
    today = datetime.fromtimestamp(now(), UTC).date()
    judged = judge(outcomes, parts.settings_of(project).accept, today)
    return ScanResult(
        subject=options.subject,
        digest=digest,
        outcomes=judged.outcomes,
        waived=judged.waived,
        warnings=judged.warnings,
        threshold=options.severity,
        allowed=_names(options.allow_unscanned, option="--allow-unscanned"),
    )


def _names(texts: Sequence[str], *, option: str) -> tuple[str, ...]:
    """Read names of scanners, divided by commas."""
    found = tuple(name.strip() for text in texts for name in text.split(",") if name.strip())
    unknown = [name for name in found if name not in NAMES]
    if unknown:
        raise UsageError(
            f"there is no scanner {unknown[0]!r}",
            where=option,
            hint=f"there are {', '.join(NAMES)}",
        )
    return tuple(dict.fromkeys(found))
