"""``lamina base``: what is to be known of a project's base; so far whether there is a newer one."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never, cast

from lamina.bases.check import (
    BaseCheck,
    check_image,
    check_packages,
    fixed,
    no_packages,
    standing,
)
from lamina.bases.registry import known_digest
from lamina.cli import wiring
from lamina.cli.build_command import platforms
from lamina.cli.registries import OpenClient, add_registry_arguments
from lamina.cli.variants import add_variant_argument
from lamina.debian.ld_cache import Architecture
from lamina.errors import NetworkError
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.project.base_pin import find_pin, moving_tag, registry_reference
from lamina.project.buildkit_images import moving_images
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.steps import Step, silent_step

_CHECK = "say whether there is a newer base than the one that is pinned or in the store"
_KNOWN = {"pin": "pinned", "settings": "settings", "store": "in store", "": ""}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the commands below this one."""
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", help="what to do with the base"
    )
    check = commands.add_parser("check", help=_CHECK, description=_CHECK)
    check.set_defaults(action=_check)
    check.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    check.add_argument(
        "--platform", default="", help="linux/amd64,linux/arm64 (default: this machine's)"
    )
    check.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
    add_variant_argument(check)
    add_registry_arguments(check)


def run(options: argparse.Namespace) -> int:
    """Do what the second word says."""
    code: int = options.action(options)
    return code


def _check(options: argparse.Namespace) -> int:
    """Ask the registry or the archive; exit code 1 says that there is something newer."""
    chosen = platforms(options.platform)
    project = read_project(options.path, options.variant)
    open_client = wiring.registries(options.insecure_registry)
    with wiring.listening("plain") as step:
        checks = [check_base(project, platform, open_client, step) for platform in chosen]
        checks += _check_pinned(project, chosen, open_client, step)
    if options.format == "json":
        print(json.dumps([_row(check) for check in checks], indent=2))
    else:
        print("\n".join(line for check in checks for line in _lines(check)))
    return 1 if any(check.state == "newer" for check in checks) else 0


def check_base(
    project: Project, platform: Platform, open_client: OpenClient, step: Step
) -> BaseCheck:
    """Compare what the project's base is known to be with what it would be now."""
    base = project.settings.base
    image = registry_reference(base)
    if image is not None and image.tag:
        stored = known_digest(wiring.open_store(), base, platform)
        source, known = standing(base, project.base_pins, stored)
        tag = replace(image, digest=None)
        with step.child(f"ask for {tag}"):
            return check_image(open_client(tag), tag, platform, known=known, source=source)
    if image is None and base.partition(":")[0] in {"debian", "ubuntu"}:
        return _check_packages(project, platform, step)
    return fixed(base, platform)


def _check_pinned(
    project: Project, chosen: Sequence[Platform], open_client: OpenClient, step: Step
) -> Iterator[BaseCheck]:
    """Compare the images that the Dockerfile starts from, as far as they are pinned."""
    for name in moving_images(project.settings):
        pin, tag = find_pin(name, project.base_pins), moving_tag(name)
        if pin is not None and tag is not None:
            with step.child(f"ask for {tag}"):
                client = open_client(tag)
                for platform in chosen:
                    yield check_image(client, tag, platform, known=pin.digest, source="pin")


def _check_packages(project: Project, platform: Platform, step: Step) -> BaseCheck:
    """Select the packages anew, without remembering that: a check must not change builds."""
    settings = project.settings
    remembered = wiring.workshop(project.directory, offline=True).base
    wanted = (settings.base, platform, settings.system_packages)
    try:
        known = remembered.resolve(*wanted, silent_step())
    except NetworkError:  # offline, which says that nothing is remembered
        return no_packages(settings.base, platform)
    with step.child(f"select the packages of {settings.base} {platform}"):
        selection = wiring.debian_archive(project.directory).select(
            settings.base.partition(":")[2],
            cast("Architecture", platform.architecture),  # the base would have refused another
            tuple(sorted(set(settings.system_packages))),
        )
    return check_packages(known, selection)


def _lines(check: BaseCheck) -> Iterator[str]:
    yield f"{check.reference}  {check.platform}: {_verdict(check)}"
    for label, digest, created in (
        (_KNOWN[check.source], check.old, check.old_created),
        ("now", check.new if check.new != check.old else None, check.new_created),
    ):
        if digest is not None:
            yield f"  {label:<8}  {digest}  {_day(created)}".rstrip()
    width = max((len(change.name) for change in check.changes), default=0)
    for change in check.changes:
        yield f"  {change.name:<{width}}  {change.old or '(none)'} -> {change.new or '(gone)'}"
    if check.hint:
        yield f"  try: {check.hint}"


def _verdict(check: BaseCheck) -> str:
    match check.state:
        case "current":
            return "up to date"
        case "newer" if check.packages:
            return f"{len(check.changes)} of {check.packages} packages have changed"
        case "newer":
            return "there is a newer one"
        case "unknown":
            return "nothing is pinned or in the store to compare with"
        case "fixed":
            return "nothing that moves by itself"
        case _:
            assert_never(check.state)


def _row(check: BaseCheck) -> dict[str, Any]:
    return {
        "reference": check.reference,
        "platform": str(check.platform),
        "state": check.state,
        "source": check.source,
        "old": _member(check.old, check.old_created),
        "new": _member(check.new, check.new_created),
        "packages": [
            {"name": change.name, "old": change.old or None, "new": change.new or None}
            for change in check.changes
        ],
        "hint": check.hint,
    }


def _member(digest: Digest | None, created: int) -> dict[str, str | None] | None:
    return None if digest is None else {"digest": str(digest), "created": _day(created) or None}


def _day(created: int) -> str:
    return datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%d") if created else ""
