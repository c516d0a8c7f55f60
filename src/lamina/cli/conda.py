"""conda: from an environment.yml to a list that uv can pin, and what to tell of it."""

from pathlib import Path
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lamina.errors import LockError, UsageError
from lamina.lock.conda import Environment, read_environment
from lamina.project.locks import CONDA
from lamina.project.project import Project
from lamina.steps import Step

_LARGEST_FILE: Final = 1 << 20
_MOST_PATCHES: Final = 40
_ITSELF: Final = frozenset({".", "-e .", "--editable .", "--editable=."})
_OPTIONS: Final = ("-r ", "-c ", "--requirement ", "--constraint ")


def find_environment(directory: Path) -> Path | None:
    """Find conda's file in a project."""
    return next((directory / name for name in CONDA if (directory / name).is_file()), None)


def conda_lines(path: Path, project: Project, step: Step, *, python: str) -> tuple[str, ...]:
    """List what ``path`` asks for in a requirements file's words, and warn of what else it says.

    ``python`` is the minor version that is locked for.  Raises ``LockError`` for packages that
    cannot be taken, and where conda's file wants another Python.
    """
    found = read_environment(_load(path), path.name)
    if found.python and not _fits(found.python, python, path):
        raise LockError(
            f"it wants Python {found.python}, and the lock is for Python {python}",
            where=str(path),
            hint="choose a base that carries it: debian:bookworm has 3.11, debian:trixie 3.13",
        )
    for note in (*found.notes, *_told(found, project)):
        step.warn(f"{path.name}: {note}")
    return tuple(_placed(line, path.parent) for line in found.lines if line.strip() not in _ITSELF)


def _fits(wanted: str, python: str, path: Path) -> bool:
    """Say whether any release of a minor version is in conda's range of Pythons."""
    try:
        range_ = SpecifierSet(wanted)
    except InvalidSpecifier as error:
        raise LockError(
            f"python: {wanted!r} is not a range of versions", where=str(path)
        ) from error
    return any(range_.contains(f"{python}.{patch}") for patch in range(_MOST_PATCHES))


def _told(found: Environment, project: Project) -> list[str]:
    told = []
    missing = sorted(set(found.system_packages) - set(project.settings.system_packages))
    if missing:
        names = ", ".join(f'"{name}"' for name in missing)
        told.append(f"Debian has some of it: write system-packages = [{names}] into tool.lamina")
    if found.same:
        told.append(f"taken from the index under their own names: {', '.join(found.same)}")
    return told


def _placed(line: str, directory: Path) -> str:
    option = next((word for word in _OPTIONS if line.startswith(word)), "")
    return f"{option}{(directory / line[len(option) :].strip()).resolve()}" if option else line


def _load(path: Path) -> object:
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            f"{path.name} is YAML, which Lamina alone does not read", hint="install lamina[conda]"
        ) from error
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise LockError(f"the file is larger than {_LARGEST_FILE} bytes", where=str(path))
        return yaml.safe_load(path.read_text("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:200]
        raise LockError("not valid YAML", where=str(path), why=why) from error
    except OSError as error:
        raise LockError(f"cannot read: {error.strerror}", where=str(path)) from error
