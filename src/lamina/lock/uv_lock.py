"""uv.lock, as ``uv export`` writes it in the form of PEP 751: what is left to be made of it; pure.

Why uv reads its own lock, and not we: docs/decisions/0028-locks-of-others.md.
"""

import posixpath
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from lamina.errors import LockError
from lamina.lock.lock import LockedDirectory
from lamina.lock.pins import rows_of


def with_addresses(
    document: Mapping[str, Any], directory: PurePath, name: str
) -> tuple[dict[str, Any], tuple[LockedDirectory, ...]]:
    """Part the folders to be built from the rest, and make addresses of paths.

    ``directory`` is what paths of the document are relative to.  Raises ``LockError`` that names
    every distribution which is a repository.
    """
    rows = rows_of(document.get("packages", []), name, "packages")
    bad = [str(row.get("name")) for row in rows if "vcs" in row]
    if bad:
        raise LockError(
            f"{', '.join(bad)}: a repository has no wheel that a lock could pin",
            where=name,
            hint="publish it as a wheel, or copy it into the project as a path dependency",
        )
    folders = tuple(
        LockedDirectory(name=str(row.get("name")), path=str(row["directory"].get("path", "")))
        for row in rows
        if isinstance(row.get("directory"), dict)
    )
    kept = [_addressed(row, directory) for row in rows if "directory" not in row]
    return {**document, "packages": kept}, folders


def _addressed(row: Mapping[str, Any], directory: PurePath) -> dict[str, Any]:
    found = dict(row)
    for key in ("sdist", "archive"):
        if isinstance(row.get(key), dict):
            found[key] = _with_url(row[key], directory)
    if isinstance(row.get("wheels"), list):
        found["wheels"] = [_with_url(wheel, directory) for wheel in row["wheels"]]
    return found


def _with_url(file: Mapping[str, Any], directory: PurePath) -> dict[str, Any]:
    path = file.get("path")
    if "url" in file or not isinstance(path, str):
        return dict(file)
    whole = posixpath.normpath(posixpath.join(directory.as_posix(), path))
    return {**file, "url": f"file://{quote(whole)}"}
