"""``lamina init``: find out about a project, and write what its image is made with."""

import argparse
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TextIO

from lamina.cli.init_facts import dockerfile_texts
from lamina.cli.init_lock import lock_arguments, lock_distributions, needs_lock
from lamina.cli.init_pipeline import Wishes, pipeline_of, requirement
from lamina.cli.init_weights import unused_text
from lamina.durable import incoming
from lamina.errors import LaminaError, ProjectError
from lamina.project.detect.detect import Detected, detect
from lamina.project.detect.snapshot import Snapshot, take_snapshot
from lamina.project.foreign import refuse_unlocked
from lamina.project.project import Project
from lamina.project.read import is_project, read_project
from lamina.project.settings import Settings, read_settings
from lamina.scaffold.dockerignore import PATH as IGNORED
from lamina.scaffold.dockerignore import missing_lines
from lamina.scaffold.draft import KEPT, Action, Change
from lamina.scaffold.scaffold import Facts, paths, scaffold
from lamina.scaffold.settings_table import has_table, with_table
from lamina.scaffold.told import read_told
from lamina.scaffold.wanted import find_wanted
from lamina.weigh.edits import unified_diff

_SETTINGS: Final = "pyproject.toml"
_LISTS: Final = frozenset({"Pipfile", _SETTINGS})
"""What only their own tool may be able to lock."""

_WIDTH: Final = 15
Reason = tuple[str, str, str]
"""What was found: its name, its value, and why it is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The project before anything was written, and what is believed of it."""

    snapshot: Snapshot
    detected: Detected


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    changes: tuple[Change, ...]
    reasons: tuple[Reason, ...]
    advice: tuple[str, ...]


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
    parser.add_argument(
        "--branch", default="",
        help="what the pipeline publishes from (default: the main branch of the repository)",
    )  # fmt: skip
    parser.add_argument(
        "--lamina", default="", metavar="REQUIREMENT",
        help="what pip installs as Lamina in the pipeline, such as 'lamina @ git+https://…@COMMIT' "
        "(default: where this Lamina came from, if other machines can get it there)",
    )  # fmt: skip
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
    requirement(options.lamina)
    snapshot = take_snapshot(directory)
    detected = detect(snapshot, read_told(snapshot))
    seen = _Seen(snapshot=snapshot, detected=detected)
    _check(detected, directory)
    settings = _settings(directory, detected)
    if settings.action is not Action.FOREIGN and detected.dependencies.file.value in _LISTS:
        refuse_unlocked(snapshot.toml(_SETTINGS), directory)  # before anything is written
    said = read_project(directory).settings if settings.action is Action.FOREIGN else Settings()
    _say(_reasons(detected, said), sys.stderr if options.diff else sys.stdout)
    if options.diff:
        return _show(directory, seen, settings, options)
    _write(directory, settings)
    print(f"{settings.path}: {settings.action}")
    if needs_lock(detected) and not (options.no_lock or options.offline):
        settings = _locked(directory, detected, settings)
    project = read_project(directory)
    decided = _decided(project, seen, options)
    _say(decided.reasons, sys.stdout)
    for change in decided.changes:
        _place(directory, change)  # all of them, before the first is written
    for change in decided.changes:
        _write(directory, change)
        print(f"{change.path}: {change.action}")
    _advise(project, seen.detected, options, decided.advice)
    return 0


def _check(detected: Detected, directory: Path) -> None:
    if detected.layout.kind.value == "empty" and not detected.dependencies.file.value:
        raise ProjectError(
            "this is not a Python project",
            where=str(directory),
            why="there are neither modules nor a list of dependencies",
            hint="run lamina in the folder that holds them, or name it: lamina init PATH",
        )


def _say(reasons: Iterable[Reason], file: TextIO) -> None:
    for name, value, why in reasons:
        print(f"{name:<{_WIDTH}}{value}  ({why})", file=file)


def _reasons(detected: Detected, said: Settings) -> Iterator[Reason]:
    """Yield what was found; what the settings say is not guessed."""
    written = {
        "entry point": " ".join((*said.entrypoint, *said.command)),
        "port": str(said.port or ""),
        "health path": said.healthcheck,
    }
    for name, guess, reason in detected.reasons:
        told = written.get(name, "")
        value, why = (told, "[tool.lamina] says so") if told else (guess, reason)
        yield name, value, why


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


def _decided(project: Project, seen: _Seen, options: argparse.Namespace) -> _Decided:
    """Decide every file but pyproject.toml."""
    wishes = Wishes(
        pipeline=options.ci,
        branch=options.branch,
        requirement=options.lamina,
        engine=options.engine,
    )
    pipeline = pipeline_of(project, seen.detected.python.value, wishes)
    wanted = find_wanted(seen.snapshot, project.settings.include)
    facts = Facts(
        name=project.name,
        lock_arguments=lock_arguments(seen.detected),
        wanted=wanted,
        dockerfiles=dockerfile_texts(project, seen.detected, is_offline=options.offline),
        pipelines=pipeline.texts,
    )
    existing = _existing(project.directory, paths(facts))
    changes = scaffold(facts, existing, is_forced=options.force)
    return _Decided(
        changes=changes,
        reasons=pipeline.reasons,
        advice=(*_left_out(changes, facts), *pipeline.advice),
    )


def _left_out(changes: Sequence[Change], facts: Facts) -> Iterator[str]:
    """Yield advice about a .dockerignore that we do not write, and that leaves out too much."""
    by_path = {change.path: change for change in changes}
    if (ignored := by_path[IGNORED]).action not in KEPT:
        return
    ours = {path: text for path, text in facts.dockerfiles.items() if path in by_path
            and by_path[path].action not in KEPT}  # fmt: skip
    for line, who in missing_lines(ignored.old, facts.wanted, ours):
        yield f"{IGNORED} leaves out what {who} needs; add the line {line}"


def _show(directory: Path, seen: _Seen, settings: Change, options: argparse.Namespace) -> int:
    """Print what would be written, as ``patch -p1`` reads it."""
    decided = _decided(_as_if(directory, seen.detected, settings), seen, options)
    _say(decided.reasons, sys.stderr)
    for change in (settings, *decided.changes):
        if change.old != change.new:
            print(unified_diff(change.old, change.new, name=change.path), end="")
        elif change.action in KEPT:
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
    path = _place(directory, change)
    with incoming(path.parent) as new:
        new.file.write(change.new.encode())
        new.commit(path, mode=0o755 if change.is_program else 0o644)


def _place(directory: Path, change: Change) -> Path:
    """Follow links: what is a link stays one.  Raises ``ProjectError`` where one leads away."""
    path = (directory / change.path).resolve()
    if change.old != change.new and not path.is_relative_to(directory.resolve()):
        raise ProjectError(
            "a link leads out of the project, and nothing is written there",
            where=str(directory / change.path),
            hint="take the link away, or write the file by hand: lamina init --diff shows it",
        )
    return path


def _advise(
    project: Project, detected: Detected, options: argparse.Namespace, advice: Sequence[str]
) -> None:
    if needs_lock(detected) and (options.no_lock or options.offline):
        print(f"advice: nothing pins the dependencies yet; lamina lock{lock_arguments(detected)}")
    for text in (*detected.advice, *advice):
        print(f"advice: {text}")
    if not options.offline and (text := unused_text(project)):
        print(text)
    print("next: make docker-build-fast, then make docker-test; `make help` lists the rest")
