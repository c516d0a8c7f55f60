"""A copy of the project that a comparison may edit; the user's own folder is only read."""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lamina.errors import ProjectError
from lamina.project.files import project_files
from lamina.project.read import read_project

_HISTORY: Final = (".git", ".hg")
_LEFT_OUT: Final = shutil.ignore_patterns(
    ".venv", "venv", "node_modules", "__pycache__", ".*_cache", "*.egg-info"
)
_NOT_SOURCE: Final = {"tests", "test", "docs", "examples", "scripts", "benchmarks"}
_NOT_MODULES: Final = {"setup.py", "conftest.py"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A project's copy, and the module of it whose source is edited."""

    directory: Path
    module: Path

    def edit(self, text: str) -> None:
        """Change one line of the source."""
        with self.module.open("a", encoding="utf-8") as file:
            file.write(f"\n# {text}\n")

    def add(self, name: str, text: str) -> None:
        """Add a file to the copy, which no pattern of its .dockerignore leaves out."""
        (self.directory / name).write_text(text, encoding="utf-8")
        ignored = self.directory / ".dockerignore"
        if ignored.is_file():
            with ignored.open("a", encoding="utf-8") as file:
                file.write(f"\n!/{name}\n")


def copy_project(project: Path, folder: Path) -> Workspace:
    """Copy a project to ``folder``, without its environments and caches.

    Its history comes along where the version is taken from it.
    Raises ``ProjectError`` for one that cannot be read or has no source that could be edited.
    """
    found = read_project(project)  # nothing is copied of what is no project
    history = () if found.is_versioned_by_tags else _HISTORY

    def left_out(place: str, names: list[str]) -> set[str]:
        return {*_left_out(place, names), *history}

    try:
        shutil.copytree(project, folder, ignore=left_out, symlinks=True)
    except OSError as error:  # shutil's own error, of several files, is one too
        raise ProjectError(f"cannot copy: {error}", where=str(project)) from error
    modules = sorted(_modules(folder), key=lambda path: (len(path.parts), path.as_posix()))
    if not modules:
        raise ProjectError(
            "there is no Python module whose edit could be measured",
            where=str(project),
            hint="a project has its modules in src/, in a package, or beside pyproject.toml",
        )
    return Workspace(directory=folder, module=folder / modules[0])


def _left_out(folder: str, names: list[str]) -> Collection[str]:
    """Name what is not copied: what no build reads, sockets and pipes among it."""
    here = Path(folder)
    kept = {n for n in names if (p := here / n).is_symlink() or p.is_dir() or p.is_file()}
    return _LEFT_OUT(folder, names) | (set(names) - kept)


def _modules(folder: Path) -> Iterator[Path]:
    """Yield the modules of the application, relative to the project."""
    for path in project_files(read_project(folder)):
        relative = path.relative_to(folder)
        is_source = not _NOT_SOURCE & set(relative.parts[:-1])
        if path.suffix == ".py" and is_source and path.name not in _NOT_MODULES:
            yield relative
