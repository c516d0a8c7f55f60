"""Which of the project's files go into the image, and which make up its build."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Final

from lamina.errors import ProjectError
from lamina.project.ignore import NOT_SOURCES, SAFE_DEFAULTS, IgnoreRules, read_patterns
from lamina.project.project import Project

_MADE_BY_BACKENDS: Final = (
    "build/lib*",
    "build/bdist.*",
    "build/temp.*",
    "build/scripts-*",
    "dist/*.whl",
    "dist/*.tar.gz",
    "_skbuild",
    ".pdm-build",
)


def ignore_rules(project: Project) -> IgnoreRules:
    """Combine the safe defaults, .dockerignore and the ``exclude`` setting, in this order.

    The list of loaded modules stays out too: it is made from the image, which it would change.
    """
    path = project.directory / ".dockerignore"
    text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    loaded = re.sub(r"([*?\\\[!])", r"\\\1", project.settings.loaded)
    ours = (*SAFE_DEFAULTS, loaded)
    return IgnoreRules((*ours, *read_patterns(text), *project.settings.exclude))


def project_files(project: Project) -> tuple[Path, ...]:
    """List every file of the project that is not ignored, sorted."""
    return _named(project, _walk(project.directory, "", ignore_rules(project)))


def source_files(project: Project) -> tuple[Path, ...]:
    """List every file that says what the project is, sorted; caches and secrets do not."""
    rules = IgnoreRules((*SAFE_DEFAULTS, *_MADE_BY_BACKENDS))
    return tuple(sorted(_walk(project.directory, "", rules)))


def wheel_rules() -> IgnoreRules:
    """Return the rules for what the project's own wheel is never built from.

    A build backend does not know .dockerignore, so a file that stays out of the image counts.
    """
    return IgnoreRules((*NOT_SOURCES, "**/.eggs", *_MADE_BY_BACKENDS))


def wheel_files(project: Project) -> tuple[Path, ...]:
    """List every file that the project's own wheel may be built from, sorted."""
    found = _walk(project.directory, "", wheel_rules(), has_environments=False)
    return tuple(sorted(found))


def is_environment(folder: Path) -> bool:
    """Say whether a folder is a virtual environment, whatever it is called (PEP 405)."""
    return (folder / "pyvenv.cfg").is_file()


def included_files(project: Project) -> tuple[Path, ...]:
    """List the files that the ``include`` setting names, as glob patterns, sorted.

    Raises ``ProjectError`` for a pattern that matches nothing or leaves the project.
    """
    rules = ignore_rules(project)
    found: set[Path] = set()
    for pattern in project.settings.include:
        matches = set(_expand(project.directory, pattern, rules))
        if not matches:
            raise ProjectError(
                f"{pattern!r} matches no file",
                where="pyproject.toml, tool.lamina.include",
                hint="patterns are relative to the project; ignored files do not count",
            )
        found |= matches
    return _named(project, found)


def _named(project: Project, paths: Iterable[Path]) -> tuple[Path, ...]:
    """Sort ``paths``, and refuse a name that is not text: neither plans nor keys can hold it."""
    for path in (found := sorted(paths)):
        name = os.fsencode(path.relative_to(project.directory))
        try:
            name.decode()
        except UnicodeDecodeError:
            raise ProjectError(
                f"the name of a file is not UTF-8: {repr(name)[1:]}",
                where=str(project.directory),
                hint="rename it, or leave it out with .dockerignore",
            ) from None
    return tuple(found)


def _expand(directory: Path, pattern: str, rules: IgnoreRules) -> Iterator[Path]:
    if pattern.startswith("/") or ".." in pattern.split("/"):
        raise ProjectError(f"{pattern!r} leaves the project", where="tool.lamina.include")
    for path in _glob(directory, pattern):
        relative = path.relative_to(directory).as_posix()
        if _has_link(directory, PurePath(relative)) or rules.ignores(relative):
            continue
        if path.is_dir():
            yield from _walk(directory, relative, rules)
        elif path.is_file():
            yield path


def _glob(directory: Path, pattern: str) -> list[Path]:
    try:
        return list(directory.glob(pattern))
    except (ValueError, OSError) as error:
        raise ProjectError(
            f"{pattern!r} is not a pattern: {error}", where="pyproject.toml, tool.lamina.include"
        ) from error


def _has_link(directory: Path, relative: PurePath) -> bool:
    """Say whether a symbolic link is on the way: it might lead out of the project."""
    return any((directory / part).is_symlink() for part in (relative, *relative.parents[:-1]))


def _walk(
    root: Path, relative: str, rules: IgnoreRules, *, has_environments: bool = True
) -> Iterator[Path]:
    if not has_environments and is_environment(root / relative):
        return
    for entry in _scan(root / relative):
        path = f"{relative}/{entry.name}" if relative else entry.name
        ignored = rules.ignores(path)
        if entry.is_dir(follow_symlinks=False):
            if not ignored or rules.leads_to_kept(path):
                yield from _walk(root, path, rules, has_environments=has_environments)
        elif not ignored and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield root / path


def _scan(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError as error:
        raise ProjectError(f"cannot read: {error.strerror}", where=str(directory)) from error
