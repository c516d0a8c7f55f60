"""What a project asks for itself, and which file says so."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lamina.errors import ProjectError
from lamina.lock.read import find_lock
from lamina.project.project import Project
from lamina.weigh.edits import bare, requirement_of

_INDEX_OPTION: Final = re.compile(
    r"\s*(--(extra-)?index-url|-i|--find-links|-f|--no-index|--pre)\b.*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """The direct requirements, and the file that lists them; None where only a lock does.

    ``options`` are the lines of that file that say where distributions come from.
    """

    requirements: tuple[Requirement, ...]
    path: Path | None
    options: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Their normalized names."""
        return frozenset(str(canonicalize_name(r.name)) for r in self.requirements)


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
    for line in text_of(path).splitlines():
        if _INDEX_OPTION.fullmatch(line):
            options.append(line.strip())
        elif (requirement := requirement_of(bare(line))) is not None:
            found.append(requirement)
    return Direct(requirements=tuple(found), path=path, options=tuple(options))


def text_of(path: Path) -> str:
    """Read a list of dependencies, its line ends as they are."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise ProjectError("the file is not UTF-8", where=f"{path}, byte {error.start}") from error
    except OSError as error:
        raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error
