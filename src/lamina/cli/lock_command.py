"""``lamina lock``: pin every distribution and the base with hashes, for every platform."""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lamina.cli import wiring
from lamina.cli.learning import learn_layers
from lamina.cli.lock_files import write_lock_file, write_text
from lamina.cli.pinning import lock_to_write, locked_elsewhere, pin_distributions
from lamina.cli.registries import add_registry_arguments
from lamina.engines.buildkit.dockerfile import PATH, has_dockerfile
from lamina.errors import NetworkError
from lamina.project.base_pin import BasePin, find_pin, moving_tag
from lamina.project.buildkit_images import moving_images
from lamina.project.lock_file import LockFile
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.project.variants import with_variant
from lamina.reports.figures import counted
from lamina.steps import Step

_PINNED: Final = re.compile(r"^[A-Za-z0-9][^\s;=]*==", re.MULTILINE)  # a marker has == too


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "--from", dest="source", type=Path, help="a requirements file (default: requirements.in, "
        "else the dependencies of pyproject.toml)"
    )  # fmt: skip
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="default: the lock that builds read, requirements.txt if there is none",
    )
    parser.add_argument(
        "--upgrade",
        action="store_true",
        help="take the newest versions allowed, and what the base's tag stands for now",
    )
    parser.add_argument(
        "-P", "--upgrade-package", action="append", default=[], metavar="NAME",
        help="take the newest version allowed of this one alone; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--only", choices=("base", "distributions"), help="pin one of the two and leave the other"
    )
    parser.add_argument(
        "--keep-layers", action="store_true",
        help="do not learn from the lock's history which distributions share a layer",
    )  # fmt: skip
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Find out what is to be pinned, and then write it; what was there stays until then."""
    project = read_project(options.path, needs_lock=False)
    pins: tuple[BasePin, ...] = ()
    locks: Mapping[Path, str] = {}
    tool = locked_elsewhere(project, options)
    if options.only != "base" and not tool and not options.output:
        lock_to_write(project)  # before any registry is asked
    with wiring.listening("plain") as step:
        if options.only != "distributions":
            pins = _pin_bases(project, options, step)
        if options.only != "base" and not tool:
            locks = pin_distributions(project, options, step)
    for output, text in locks.items():
        write_text(output, text)
        print(f"{output}: {counted(len(_PINNED.findall(text)), 'distribution')} pinned")
    if options.only != "base" and tool:
        print(f"{project.requirements}: left alone, `{tool} lock` brings it up to date")
    if options.only != "distributions":
        _write_pins(project, pins)
    if options.only != "base" and not options.keep_layers:
        _write_layers(options)
    return 0


def _pin_bases(project: Project, options: argparse.Namespace, step: Step) -> tuple[BasePin, ...]:
    """Pin the base of the project, those of variants that have another, and the Dockerfile's."""
    settings = project.settings
    every = [settings, *(with_variant(settings, name) for name in settings.variants)]
    bases = dict.fromkeys(one.base for one in every)
    tags = {tag.qualified: base for base in reversed(bases) if (tag := moving_tag(base))}
    pins = [pin for base in bases if base in tags.values()
            for pin in _pin_base(base, project, options, step)]  # fmt: skip
    if has_dockerfile(project):
        images = dict.fromkeys(name for one in every for name in moving_images(one))
        pins += [pin for image in images if find_pin(image, pins) is None
                 for pin in _pin_if_reached(image, project, options, step)]  # fmt: skip
    return tuple(pins)


def _pin_if_reached(
    image: str, project: Project, options: argparse.Namespace, step: Step
) -> tuple[BasePin, ...]:
    """Pin an image that only BuildKit starts from: without its registry all else is locked."""
    try:
        return _pin_base(image, project, options, step)
    except NetworkError as error:
        step.warn(f"{image}, which {PATH} starts from, is not pinned: {error.what}")
        known = find_pin(image, project.base_pins)
        return () if known is None else (BasePin(reference=image, digest=known.digest),)


def _pin_base(
    base: str, project: Project, options: argparse.Namespace, step: Step
) -> tuple[BasePin, ...]:
    """Ask the registry what a base's tag stands for, unless that is pinned already."""
    tag, known = moving_tag(base), find_pin(base, project.base_pins)
    if tag is None:
        return ()
    if known is not None and not options.upgrade:
        return (BasePin(reference=base, digest=known.digest),)
    with step.child(f"ask for {tag}"):
        try:
            client = wiring.registries(options.insecure_registry)(tag)
            found, _ = client.get_manifest(tag.tag)
        except NetworkError as error:
            error.hint = error.hint or "`lamina lock --only distributions` leaves the base alone"
            raise
    return (BasePin(reference=base, digest=found.digest),)


def _write_pins(project: Project, pins: tuple[BasePin, ...]) -> None:
    """Bring the file up to date; a base without a tag that moves needs none."""
    path = write_lock_file(project, LockFile(base_pins=pins, layers=project.layers))
    if project.base_pins and not pins:
        what = "pin removed" if project.layers else "removed"
        print(f"{path}: {what}, for {project.settings.base} needs no pin")
    for pin in pins:
        print(f"{path}: {pin.reference} is {pin.digest}")
    if has_dockerfile(project) and set(pins) != set(project.base_pins):
        how = f"`lamina init` or `lamina dockerfile -o {PATH}` writes it again"
        print(f"{PATH} starts from what was pinned before: {how}")


def _write_layers(options: argparse.Namespace) -> None:
    """Learn from the lock's history which distributions should share a layer, if it pays."""
    project = read_project(options.path, needs_lock=False)
    with wiring.listening("plain") as step:
        choice = learn_layers(project, step)
    if choice is not None and choice.groups is not None:
        new = LockFile(base_pins=project.base_pins, layers=choice.groups)
        path = write_lock_file(project, new)
        print(f"{path}: {len(choice.groups)} layers of distributions; {choice.why}")
    elif choice is not None:
        print(choice.why)
