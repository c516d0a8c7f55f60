"""Which of the project's files go into the image, and which make up its build."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lamina.errors import ProjectError
from lamina.project.ignore import SAFE_DEFAULTS, IgnoreRules, read_patterns
from lamina.project.project import Project


def ignore_rules(project: Project) -> IgnoreRules:
    """Combine the safe defaults, .dockerignore and the ``exclude`` setting, in this order."""
    path = project.directory / ".dockerignore"
    text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    return IgnoreRules((*SAFE_DEFAULTS, *read_patterns(text), *project.settings.exclude))


def project_files(project: Project) -> tuple[Path, ...]:
    """List every file of the project that is not ignored, sorted."""
    return tuple(sorted(_walk(project.directory, "", ignore_rules(project))))


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
    return tuple(sorted(found))


def _expand(directory: Path, pattern: str, rules: IgnoreRules) -> Iterator[Path]:
    if pattern.startswith("/") or ".." in pattern.split("/"):
        raise ProjectError(f"{pattern!r} leaves the project", where="tool.lamina.include")
    for path in directory.glob(pattern):
        relative = path.relative_to(directory).as_posix()
        if path.is_symlink() or rules.ignores(relative):
            continue
        if path.is_dir():
            yield from _walk(directory, relative, rules)
        elif path.is_file():
            yield path


def _walk(root: Path, relative: str, rules: IgnoreRules) -> Iterator[Path]:
    with os.scandir(root / relative) as entries:
        for entry in entries:
            path = f"{relative}/{entry.name}" if relative else entry.name
            ignored = rules.ignores(path)
            if entry.is_dir(follow_symlinks=False):
                if not ignored or rules.has_exceptions:
                    yield from _walk(root, path, rules)
            elif not ignored and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                yield root / path
