"""Whether a lock still is what its project asks for, and whether others beside it disagree; pure.

These are warnings: a lock is installed as it is, and only its own tool can bring it up to date.
"""

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from lamina.errors import LockError
from lamina.lock.named import Named, named_distributions
from lamina.lock.tools import parse_lock

_POETRY_KEYS = ("dependencies", "source", "extras", "dev-dependencies")
_PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")
_COMMANDS = {"uv.lock": "uv lock", "poetry.lock": "poetry lock", "pdm.lock": "pdm lock",
             "Pipfile.lock": "pipenv lock"}  # fmt: skip
_SHOWN = 3

_SOURCES = frozenset({"directory", "editable", "git", "path", "url", "virtual"})

Wanted = frozenset[tuple[str, str]]
"""Names and ranges, each spelled in one way."""


def stale_lock(text: str, name: str, document: Mapping[str, Any], *, project: str) -> str:
    """Say why the lock called ``name`` is older than ``document``, the project's pyproject.toml.

    Empty where it is not, and where nobody but its own tool can tell.  ``project`` is the
    normalized name.
    """
    try:
        lock = parse_lock(text, name)
        if name == "poetry.lock":
            stated = lock.get("metadata", {}).get("content-hash")
            changes = "" if stated in (None, poetry_hash(document)) else "pyproject.toml changed"
        else:
            changes = _of_uv(lock, document, project) if name == "uv.lock" else ""
    except (AttributeError, KeyError, TypeError, LockError, InvalidRequirement, InvalidSpecifier):
        return ""  # whoever reads the lock says what is wrong with it
    return f"{name} is out of date: {changes}; run `{_COMMANDS[name]}`" if changes else ""


def disagreement(text: str, name: str, others: Iterable[tuple[str, str]]) -> str:
    """Say where locks beside the one called ``name``, pairs of name and text, pin other versions.

    What only one of them has is no disagreement: they may be for different groups.
    """
    ours = _versions(named_distributions(text, name))
    for other, other_text in others:
        try:
            theirs = _versions(named_distributions(other_text, other))
        except LockError:
            continue
        found = [
            f"{one} {'/'.join(sorted(theirs[one]))} instead of {'/'.join(sorted(ours[one]))}"
            for one in sorted(ours.keys() & theirs.keys())
            if not theirs[one] & ours[one]
        ]
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            return (
                f"{name} is what counts, and {other} beside it pins {', '.join(found[:_SHOWN])}"
                f"{more}: delete one, or name the right one in tool.lamina.requirements"
            )
    return ""


def poetry_hash(document: Mapping[str, Any]) -> str:
    """Compute what Poetry 2 writes as ``content-hash``: of what resolution depends on, as JSON."""
    project = document.get("project", {})
    groups = document.get("dependency-groups", {})
    poetry = document.get("tool", {}).get("poetry", {})
    relevant = {key: project[key] for key in _PROJECT_KEYS if project.get(key) is not None}
    is_new = bool(relevant or groups)
    old = {
        key: poetry.get(key) for key in _POETRY_KEYS if poetry.get(key) is not None or not is_new
    }
    if poetry.get("group") is not None:
        old["group"] = poetry["group"]
    content: dict[str, Any] = old
    if is_new:
        content = {"project": relevant, "dependency-groups": groups, "tool": {"poetry": old}}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _of_uv(lock: Mapping[str, Any], document: Mapping[str, Any], project: str) -> str:
    """Compare the requirements that uv noted with those of the project, by name and range."""
    rows = [row for row in lock.get("package", []) if row.get("name") == project]
    own = next((row for row in rows if {"editable", "virtual"} & set(row.get("source", {}))), None)
    if own is None:
        return ""
    metadata = own.get("metadata", {})
    groups = [row for rows in metadata.get("requires-dev", {}).values() for row in rows]
    return _changes(metadata.get("requires-dist", []), _of_project(document)) or _changes(
        groups, _of_groups(document)
    )


def _changes(rows: Sequence[Mapping[str, Any]], texts: Iterable[object]) -> str:
    elsewhere = {row["name"] for row in rows if _SOURCES & set(row)}  # a range says nothing there
    asked = [Requirement(text) for text in texts if isinstance(text, str)]
    noted = _plain(((row["name"], row.get("specifier", "")) for row in rows), elsewhere)
    wanted = _plain(((one.name, str(one.specifier)) for one in asked), elsewhere)
    missing, extra = _names(wanted - noted), _names(noted - wanted)
    if missing:
        return f"pyproject.toml now asks for {missing}"
    return f"pyproject.toml asks for {extra} no more, or otherwise" if extra else ""


def _of_project(document: Mapping[str, Any]) -> Iterator[object]:
    project = document.get("project", {})
    yield from project.get("dependencies", [])
    for items in project.get("optional-dependencies", {}).values():
        yield from items


def _of_groups(document: Mapping[str, Any]) -> Iterator[object]:
    for items in document.get("dependency-groups", {}).values():
        yield from items
    yield from document.get("tool", {}).get("uv", {}).get("dev-dependencies", [])


def _plain(rows: Iterable[tuple[str, str]], elsewhere: Container[str]) -> Wanted:
    """Spell each name and range in one way."""
    found = ((str(canonicalize_name(name)), text) for name, text in rows)
    return frozenset(
        (name, "" if name in elsewhere else str(SpecifierSet(text))) for name, text in found
    )


def _names(rows: Iterable[tuple[str, str]]) -> str:
    return ", ".join(sorted(f"{name} {range_}".strip() for name, range_ in rows)[:_SHOWN])


def _versions(rows: Iterable[Named]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in rows:
        found.setdefault(name, set()).add(version)
    return found
