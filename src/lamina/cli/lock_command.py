"""``lamina lock``: pin every distribution and the base with hashes, for every platform."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.cli import wiring
from lamina.cli.registries import add_registry_arguments
from lamina.durable import incoming
from lamina.errors import LockError, NetworkError
from lamina.project.base_pin import FILE, BasePin, find_pin, moving_tag, render_pins
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.steps import Step

_DEFAULT_PYTHON = {"debian:bookworm": "3.11", "debian:trixie": "3.13"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "--from", dest="source", type=Path, help="a requirements file (default: requirements.in, "
        "else the dependencies of pyproject.toml)"
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, help="default: requirements.txt in the project"
    )
    parser.add_argument(
        "--upgrade",
        action="store_true",
        help="take the newest versions allowed, and what the base's tag stands for now",
    )
    parser.add_argument(
        "--only", choices=("base", "distributions"), help="pin one of the two and leave the other"
    )
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Find out what is to be pinned, and then write it; what was there stays until then."""
    project = read_project(options.path)
    output = options.output or project.directory / "requirements.txt"
    pins: tuple[BasePin, ...] = ()
    text: str | None = None
    with wiring.listening("plain") as step:
        if options.only != "distributions":
            pins = _pin_base(project, options, step)
        if options.only != "base":
            text = _pin_distributions(project, options, output, step)
    if text is not None:
        _write(output, text)
        print(f"{output}: {text.count('==')} distributions pinned")
    if options.only != "distributions":
        _write_pins(project, pins)
    return 0


def _pin_base(project: Project, options: argparse.Namespace, step: Step) -> tuple[BasePin, ...]:
    """Ask the registry what the base's tag stands for, unless that is pinned already."""
    base = project.settings.base
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


def _pin_distributions(
    project: Project, options: argparse.Namespace, output: Path, step: Step
) -> str:
    with TemporaryDirectory(prefix="lamina-") as folder:
        source = _source(project, options.source, Path(folder), output)
        keeps = output.exists() and not options.upgrade
        wiring.warn_about_indexes(step)
        with step.child("resolve dependencies"):
            return wiring.uv_program(is_pinned=False).pin(
                source,
                python=_python(project),
                previous=_copy(output, Path(folder)) if keeps else None,
            )


def _write(path: Path, text: str) -> None:
    with incoming(path.absolute().parent) as new:
        new.file.write(text.encode())
        new.commit(path, mode=0o644)


def _write_pins(project: Project, pins: tuple[BasePin, ...]) -> None:
    """Bring the file up to date; a base without a tag that moves needs none."""
    path, base = project.directory / FILE, project.settings.base
    if pins and pins != project.base_pins:  # else untouched: builds look at the times of files
        _write(path, render_pins(pins))
    if project.base_pins and not pins:
        path.unlink()
        print(f"{path}: removed, for {base} needs no pin")
    for pin in pins:
        print(f"{path}: {pin.reference} is {pin.digest}")


def _source(project: Project, chosen: Path | None, folder: Path, output: Path) -> Path:
    listed = chosen or project.directory / "requirements.in"
    if listed.exists():
        if listed.resolve() == output.resolve():
            raise LockError("the lock would overwrite what it is made from", where=str(listed))
        return listed
    if chosen:
        raise LockError(
            "there is no such file", where=str(chosen), hint="give --from a requirements file"
        )
    if not project.dependencies:
        raise LockError(
            "there is nothing to lock",
            where=str(project.directory),
            hint="list dependencies in [project] of pyproject.toml or in requirements.in, "
            "or name a requirements file with --from; `--only base` pins the base alone",
        )
    path = folder / "requirements.in"
    path.write_text("".join(f"{line}\n" for line in project.dependencies), encoding="utf-8")
    return path


def _copy(output: Path, folder: Path) -> Path:
    """Give uv the old lock to prefer its versions, in a place where it may write."""
    path = folder / f"previous-{output.name}"
    path.write_bytes(output.read_bytes())
    return path


def _python(project: Project) -> str:
    return project.settings.python or _DEFAULT_PYTHON.get(project.settings.base, "3.11")
