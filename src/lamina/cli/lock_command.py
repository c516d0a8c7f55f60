"""``lamina lock``: pin every distribution with hashes, for every platform, without addresses."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.cli import wiring
from lamina.durable import incoming
from lamina.errors import LockError
from lamina.project.project import Project
from lamina.project.read import read_project

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
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions allowed")


def run(options: argparse.Namespace) -> int:
    """Resolve and write the lock; the old one stays until the new one is whole."""
    project = read_project(options.path)
    output = options.output or project.directory / "requirements.txt"
    with wiring.listening("plain") as step, TemporaryDirectory(prefix="lamina-") as folder:
        source = _source(project, options.source, Path(folder), output)
        keeps = output.exists() and not options.upgrade
        wiring.warn_about_indexes(step)
        with step.child("resolve dependencies"):
            text = wiring.uv_program(is_pinned=False).pin(
                source,
                python=_python(project),
                previous=_copy(output, Path(folder)) if keeps else None,
            )
    with incoming(output.absolute().parent) as new:
        new.file.write(text.encode())
        new.commit(output, mode=0o644)
    print(f"{output}: {text.count('==')} distributions pinned")
    return 0


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
            "or name a requirements file with --from",
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
