"""Locked: the distributions of a project's lock, of all platforms, without asking anybody."""

import tomllib
from typing import Any

from packaging.utils import canonicalize_name

from lamina.errors import LockError
from lamina.lock.read import LockSource, find_lock
from lamina.lock.requirements import read_requirements
from lamina.project.project import Project
from lamina.scan.metadata import Distribution


def locked_distributions(project: Project) -> tuple[Distribution, ...]:
    """List what the project pins; raise ``LockError`` where it pins nothing or cannot be read."""
    source = find_lock(project)
    if not source.is_pinned:
        raise LockError("nothing is pinned, so no version can be looked up: run `lamina lock`")
    if source.path is None:
        return ()
    found = _of_pylock(source) if source.is_pylock else _of_requirements(source)
    unique = {(one.name, one.version): one for one in found}
    return tuple(unique[key] for key in sorted(unique))


def _of_pylock(source: LockSource) -> list[Distribution]:
    """Read names and versions (PEP 751); a package without a version is no release of an index."""
    name = source.path.name if source.path else ""
    try:
        rows: Any = tomllib.loads(source.text).get("packages", [])
    except (ValueError, RecursionError) as error:
        raise LockError(f"not valid TOML: {error}", where=name) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise LockError("packages is not a list of tables", where=name)
    return [
        Distribution(name=canonicalize_name(row["name"]), version=row["version"], path=name)
        for row in rows
        if isinstance(row.get("name"), str) and isinstance(row.get("version"), str)
    ]


def _of_requirements(source: LockSource) -> list[Distribution]:
    if source.path is None:
        return []
    return [
        Distribution(
            name=canonicalize_name(line.requirement.name),
            version=next(iter(line.requirement.specifier)).version,
            path=source.path.name,
        )
        for line in read_requirements(source.path)
        if line.requirement.url is None
    ]
