"""poetry.lock and pdm.lock: tables of packages with groups, markers and hashes; pure.

Neither says where a file is, so the index is asked for it by its hash, as for a requirements file.
Poetry's form is that of its ``poetry.packages.locker`` since 2.0 (lock-version 2.1), PDM's that of
its lock files since 4.5.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from packaging.utils import canonicalize_name

from lamina.errors import LockError
from lamina.lock.index_credentials import without_login
from lamina.lock.lock import LockedDirectory
from lamina.lock.pins import (
    Choice,
    Pins,
    address_line,
    holds,
    pinned_line,
    rows_of,
    table_of,
    text_in,
)
from lamina.lock.target import Target

Row = Mapping[str, Any]

_POETRY_LOCKS = ("2.1",)


def poetry_pins(document: Mapping[str, Any], choice: Choice, target: Target, name: str) -> Pins:
    """Choose from poetry.lock what ``target`` installs: the group ``main``, and those chosen.

    Raises ``LockError`` for a lock of Poetry 1, which does not say what belongs to which group.
    """
    metadata = table_of(document, "metadata", name)
    version = str(metadata.get("lock-version", ""))
    if version not in _POETRY_LOCKS:
        raise LockError(
            f"the lock has version {version or 'none'}, and only {' and '.join(_POETRY_LOCKS)} "
            "says which groups and markers a distribution has",
            where=name,
            hint="lock it again with Poetry 2: `poetry lock`",
        )
    known = {"main", *map(canonicalize_name, choice.groups)}

    def is_wanted(row: Row) -> bool:
        markers = row.get("markers")
        groups = [g for g in row.get("groups", ["main"]) if canonicalize_name(g) in known]
        by_group = markers if isinstance(markers, dict) else dict.fromkeys(groups, markers)
        return any(holds(by_group.get(group), target, choice) for group in groups)

    return _pins(document, is_wanted, _of_poetry, name)


def pdm_pins(document: Mapping[str, Any], choice: Choice, target: Target, name: str) -> Pins:
    """Choose from pdm.lock what ``target`` installs: the group ``default``, and those chosen."""
    strategy = table_of(document, "metadata", name).get("strategy", [])
    if not isinstance(strategy, list) or "inherit_metadata" not in strategy:
        raise LockError(
            "the lock does not say which groups and markers a distribution has",
            where=name,
            hint="lock it again: `pdm lock --strategy inherit_metadata`",
        )
    known = {"default", *map(canonicalize_name, (*choice.extras, *choice.groups))}

    def is_wanted(row: Row) -> bool:
        is_chosen = any(canonicalize_name(g) in known for g in row.get("groups", ["default"]))
        return is_chosen and not row.get("extras") and holds(row.get("marker"), target, choice)

    return _pins(document, is_wanted, _of_pdm, name)


def _pins(
    document: Row, is_wanted: Callable[[Row], bool], add: Callable[[Row, "_Found"], None], name: str
) -> Pins:
    found = _Found()
    problems: list[str] = []
    for number, row in enumerate(rows_of(document.get("package", []), name, "package")):
        try:
            if is_wanted(row):
                add(row, found)
        except (AttributeError, LockError, TypeError) as error:
            problems.append(f"{name}, package[{number}]: {str(error)[:200]}")
    if problems:
        raise LockError(
            f"{len(problems)} of the packages cannot be used",
            problems=tuple(problems),
            hint="publish them as wheels, or build them and name the file instead",
        )
    return Pins(
        lines=tuple(found.lines),
        indexes=tuple(found.indexes),
        directories=tuple(found.directories),
    )


class _Found:
    """What was chosen so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.indexes: list[str] = []
        self.directories: list[LockedDirectory] = []

    def pin(self, row: Row) -> None:
        self.lines.append(pinned_line(_name(row), text_in(row, "version"), _hashes(row)))

    def address(self, row: Row, url: str) -> None:
        self.lines.append(address_line(_name(row), url, _hashes(row)))

    def directory(self, row: Row, path: str) -> None:
        self.directories.append(LockedDirectory(name=_name(row), path=path))


def _of_poetry(row: Row, found: _Found) -> None:
    source = row.get("source", {})
    match source.get("type"):
        case None:
            found.pin(row)
        case "legacy":
            found.pin(row)
            found.indexes.append(text_in(source, "url"))
        case "url":
            found.address(row, text_in(source, "url"))
        case "directory":
            found.directory(row, text_in(source, "url"))
        case kind:
            url = without_login(str(source.get("url", "")))
            raise LockError(f"{_name(row)} is a {kind} source ({url})")


def _of_pdm(row: Row, found: _Found) -> None:
    if "git" in row or "hg" in row or "svn" in row:
        raise LockError(f"{_name(row)} is a repository, and not a wheel or an sdist")
    if "url" in row:
        found.address(row, text_in(row, "url"))
    elif "path" in row:
        found.directory(row, text_in(row, "path"))
    else:
        found.pin(row)


def _name(row: Row) -> str:
    return str(canonicalize_name(text_in(row, "name")))


def _hashes(row: Row) -> Iterator[str]:
    for file in rows_of(row.get("files", []), _name(row), "files"):
        yield text_in(file, "hash")
