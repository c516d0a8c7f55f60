"""``lamina init``: find out about a project, and write what its image is made with."""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.cli.init_facts import Wishes, dockerfile_texts, pipeline_texts
from lamina.cli.init_lock import lock_arguments, lock_distributions, needs_lock
from lamina.cli.init_weights import unused_text
from lamina.durable import incoming
from lamina.errors import LaminaError, ProjectError
from lamina.project.detect.detect import Detected, detect
from lamina.project.detect.snapshot import take_snapshot
from lamina.project.project import Project
from lamina.project.read import is_project, read_project
from lamina.project.settings import Settings, read_settings
from lamina.scaffold.draft import Action, Change
from lamina.scaffold.scaffold import Facts, paths, scaffold
from lamina.scaffold.settings_table import has_table, with_table
from lamina.weigh.edits import unified_diff

_SETTINGS: Final = "pyproject.toml"
_WIDTH: Final = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the project's folder")
    parser.add_argument(
        "--diff", action="store_true", help="write nothing, and show what would be written"
    )
    parser.add_argument(
        "--force", action="store_true",
        help="also replace files that you wrote or edited (never pyproject.toml or a Makefile)",
    )  # fmt: skip
    parser.add_argument(
        "--ci", choices=("github", "gitlab", "none"), default="github",
        help="whose pipeline is written (default: github)",
    )  # fmt: skip
    parser.add_argument("--branch", default="main", help="what the pipeline publishes from")
    parser.add_argument(
        "--engine", choices=("native", "buildkit"), default="native",
        help="who builds in a pipeline of GitHub (default: native, which emulates no platform)",
    )  # fmt: skip
    parser.add_argument("--no-lock", action="store_true", help="do not pin what nothing pins yet")
    parser.add_argument(
        "--offline", action="store_true",
        help="ask nobody: nothing is pinned or weighed, and dependencies are one layer",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Detect, decide, and write or show."""
    directory: Path = options.path
    if not directory.is_dir():
        raise ProjectError("there is no such directory", where=str(directory))
    detected = detect(take_snapshot(directory))
    _check(detected, directory)
    settings = _settings(directory, detected)
    said = read_project(directory).settings if settings.action is Action.FOREIGN else Settings()
    print("\n".join(_reasons(detected, said)), file=sys.stderr if options.diff else sys.stdout)
    if options.diff:
        return _show(directory, detected, settings, options)
    _write(directory, settings)
    print(f"{settings.path}: {settings.action}")
    if needs_lock(detected) and not (options.no_lock or options.offline):
        settings = _locked(directory, detected, settings)
    project = read_project(directory)
    for change in _changes(project, detected, options):
        _write(directory, change)
        print(f"{change.path}: {change.action}")
    _advise(project, detected, options)
    return 0


def _check(detected: Detected, directory: Path) -> None:
    if detected.layout.kind.value == "empty" and not detected.dependencies.file.value:
        raise ProjectError(
            "this is not a Python project",
            where=str(directory),
            why="there are neither modules nor a list of dependencies",
            hint="run lamina in the folder that holds them, or name it: lamina init PATH",
        )


def _reasons(detected: Detected, said: Settings) -> Iterator[str]:
    """Yield what was found; what the settings say is not guessed."""
    written = {
        "entry point": " ".join((*said.entrypoint, *said.command)),
        "port": str(said.port or ""),
        "health path": said.healthcheck,
    }
    for name, guess, reason in detected.reasons:
        told = written.get(name, "")
        value, why = (told, "[tool.lamina] says so") if told else (guess, reason)
        yield f"{name:<{_WIDTH}}{value}  ({why})"


def _settings(directory: Path, detected: Detected, requirements: str = "") -> Change:
    """Decide about pyproject.toml: a table that is there is the user's."""
    old = _text(directory / _SETTINGS)
    if old is not None and has_table(old):
        return Change(path=_SETTINGS, action=Action.FOREIGN, old=old, new=old)
    new = with_table(old or "", detected, requirements=requirements)
    action = Action.CREATE if old is None else Action.UPDATE
    return Change(path=_SETTINGS, action=action, old=old or "", new=new)


def _locked(directory: Path, detected: Detected, settings: Change) -> Change:
    """Pin what nothing pins; without a network the project is built as it is, with a warning."""
    try:
        requirements = lock_distributions(directory, detected)
    except LaminaError as error:
        command = f"lamina lock{lock_arguments(detected)}"
        print(f"not pinned: {error.what}; `{command}` does it later", file=sys.stderr)
        return settings
    if not requirements or settings.old == settings.new:
        return settings
    new = with_table(settings.old, detected, requirements=requirements)
    change = Change(path=_SETTINGS, action=Action.UPDATE, old=settings.new, new=new)
    _write(directory, change)
    return change


def _changes(
    project: Project, detected: Detected, options: argparse.Namespace
) -> tuple[Change, ...]:
    wishes = Wishes(
        pipeline=options.ci,
        branch=options.branch,
        engine=options.engine,
        is_offline=options.offline,
    )
    facts = Facts(
        name=project.name,
        lock_arguments=lock_arguments(detected),
        dockerfiles=dockerfile_texts(project, detected, wishes),
        pipelines=pipeline_texts(project, detected, wishes),
    )
    existing = _existing(project.directory, paths(facts))
    return scaffold(facts, existing, is_forced=options.force)


def _show(
    directory: Path, detected: Detected, settings: Change, options: argparse.Namespace
) -> int:
    """Print what would be written, as ``patch -p1`` reads it."""
    project = _as_if(directory, detected, settings)
    for change in (settings, *_changes(project, detected, options)):
        if change.old != change.new:
            print(unified_diff(change.old, change.new, name=change.path), end="")
        elif change.action in {Action.EDITED, Action.FOREIGN}:
            print(f"{change.path}: {change.action}", file=sys.stderr)
    return 0


def _as_if(directory: Path, detected: Detected, settings: Change) -> Project:
    """Read the project as it will be once its settings are written."""
    if settings.old == settings.new:
        return read_project(directory)
    table = tomllib.loads(settings.new)["tool"]["lamina"]
    new = read_settings(table, locate=lambda _: _SETTINGS)
    if not is_project(directory):
        return Project(directory=directory, name=detected.layout.name, settings=new)
    return replace(read_project(directory, needs_lock=False), settings=new)


def _existing(directory: Path, names: Sequence[str]) -> Mapping[str, str]:
    found = {name: _text(directory / name) for name in dict.fromkeys(names)}
    return {name: text for name, text in found.items() if text is not None}


def _text(path: Path) -> str | None:
    """Read a file, its line ends as they are; None where there is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ProjectError("the file is not UTF-8", where=f"{path}, byte {error.start}") from error
    except OSError as error:
        raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error


def _write(directory: Path, change: Change) -> None:
    if change.old == change.new and change.action is not Action.CREATE:
        return
    path = directory / change.path
    with incoming(path.absolute().parent) as new:
        new.file.write(change.new.encode())
        new.commit(path, mode=0o755 if change.is_program else 0o644)


def _advise(project: Project, detected: Detected, options: argparse.Namespace) -> None:
    if needs_lock(detected) and (options.no_lock or options.offline):
        print(f"advice: nothing pins the dependencies yet; lamina lock{lock_arguments(detected)}")
    for text in detected.advice:
        print(f"advice: {text}")
    if not options.offline and (text := unused_text(project)):
        print(text)
    print("next: make docker-build-fast, then make docker-test; `make help` lists the rest")
