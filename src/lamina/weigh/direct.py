"""What a project asks for itself, and which file says so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lamina.errors import ProjectError
from lamina.lock.index_credentials import without_login
from lamina.lock.read import find_lock
from lamina.project.project import Project
from lamina.weigh.edits import bare, requirement_of

_INCLUDED: Final = re.compile(r"(?:-r|--requirement)(?:\s+|=)?(?P<name>\S.*)")
_MOST_FILES: Final = 100
_INDEX_OPTION: Final = re.compile(
    r"\s*(--(extra-)?index-url|-i|--find-links|-f|--no-index|--pre)\b.*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """The direct requirements, and the file that lists them; None where only a lock does.

    ``options`` are the lines of that file that say where distributions come from.  ``included`` are
    the other files that it names with ``-r``.
    """

    requirements: tuple[Requirement, ...]
    path: Path | None
    options: tuple[str, ...] = ()
    included: tuple[Path, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Their normalized names."""
        return frozenset(str(canonicalize_name(r.name)) for r in self.requirements)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that list them, that of the project first."""
        return (*([self.path] if self.path else []), *self.included)


def find_direct(project: Project) -> Direct:
    """Find what ``lamina lock`` would lock; nothing where there is nothing but a lock."""
    listed = project.directory / "requirements.in"
    if listed.is_file():
        return _of_file(listed)
    if project.dependencies:
        found = tuple(Requirement(text) for text in project.dependencies)
        return Direct(requirements=found, path=project.directory / "pyproject.toml")
    source = find_lock(project)
    if source.path is None or source.is_pinned:
        return Direct(requirements=(), path=None)
    return _of_file(source.path)


def _of_file(path: Path) -> Direct:
    found: list[Requirement] = []
    options: list[str] = []
    files = [path]
    for file in files:  # grows while it is read
        for line in text_of(file).splitlines():
            text = bare(line)
            if _INDEX_OPTION.fullmatch(line):
                options.append(line.strip())
            elif included := _INCLUDED.fullmatch(text):
                files += _new(file, included["name"].strip("\"'"), files)
            elif (requirement := requirement_of(text)) is not None:
                found.append(requirement)
    return Direct(
        requirements=tuple(found), path=path, options=tuple(options), included=tuple(files[1:])
    )


def _new(file: Path, name: str, known: Sequence[Path]) -> list[Path]:
    """Find the file that another one names; uv reads it as well."""
    if "://" in name:
        raise ProjectError(
            "a list at an address is not read here", where=f"{file}, -r {without_login(name)}",
            hint="keep a copy of it in the project",
        )  # fmt: skip
    path = file.parent / name
    if len(known) >= _MOST_FILES:
        raise ProjectError(f"more than {_MOST_FILES} files list dependencies", where=str(file))
    return [] if any(path.resolve() == other.resolve() for other in known) else [path]


def text_of(path: Path) -> str:
    """Read a list of dependencies, its line ends as they are."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise ProjectError("the file is not UTF-8", where=f"{path}, byte {error.start}") from error
    except OSError as error:
        raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error
