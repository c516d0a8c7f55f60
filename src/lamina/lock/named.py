"""Which versions a lock names, on any platform, without asking anybody; pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.utils import canonicalize_name

from lamina.errors import LockError
from lamina.lock.requirements import parse_requirements
from lamina.lock.tools import parse_lock

Named = tuple[str, str]
"""A normalized name and a version."""

_ELSEWHERE = {"directory", "editable", "git", "path", "vcs", "virtual"}
_ROWS = {"uv.lock": "package", "poetry.lock": "package", "pdm.lock": "package"}
_EXACT = re.compile(r"===?([^,*]+)")


def named_distributions(text: str, name: str) -> tuple[Named, ...]:
    """List the distributions of the lock called ``name``, sorted.

    What has no version of an index, such as a folder or a repository, is left out.  Raises
    ``LockError`` for a lock that is malformed.
    """
    if name == "Pipfile.lock":
        found = _of_pipfile(parse_lock(text, name))
    elif name in _ROWS or name.endswith(".toml"):
        found = _of_rows(parse_lock(text, name), _ROWS.get(name, "packages"), name)
    else:
        found = _of_requirements(text, name)
    return tuple(sorted(set(found)))


def _of_rows(document: Mapping[str, Any], key: str, name: str) -> Iterator[Named]:
    rows = document.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise LockError(f"{key} is not a list of tables", where=name)
    for row in rows:
        if _is_released(row) and isinstance(row.get("version"), str):
            yield str(canonicalize_name(str(row.get("name")))), row["version"]


def _is_released(row: Mapping[str, Any]) -> bool:
    source = row.get("source", {})
    if not isinstance(source, dict) or _ELSEWHERE & {*source, *row}:
        return False
    return source.get("type") in (None, "legacy")


def _of_pipfile(document: Mapping[str, Any]) -> Iterator[Named]:
    categories = (table for key, table in document.items() if key != "_meta")
    for table in categories:
        rows = table.items() if isinstance(table, dict) else ()
        for key, row in rows:
            version = row.get("version") if isinstance(row, dict) else None
            if isinstance(version, str):
                yield str(canonicalize_name(key)), version.removeprefix("==")


def _of_requirements(text: str, name: str) -> Iterator[Named]:
    for line in parse_requirements(text.encode(), name=name):
        exact = _EXACT.fullmatch(str(line.requirement.specifier))
        if exact and line.requirement.url is None:
            yield str(canonicalize_name(line.requirement.name)), exact[1]
