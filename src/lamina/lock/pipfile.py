"""Pipfile.lock: JSON, a table for each category, versions with hashes and without addresses; pure.

The form is ``pipfile-spec`` 6 of Pipenv.
"""

from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from lamina.errors import LockError
from lamina.lock.pins import Choice, Pins, holds, pinned_line, rows_of, table_of, text_in
from lamina.lock.target import Target

_ALWAYS = "default"
_CATEGORIES = {"dev": "develop", "dev-packages": "develop"}
_USERS_OWN = "pypi"
"""The source that Pipenv writes by itself: whatever index the user has stands for it."""
_ELSEWHERE = ("git", "hg", "svn", "bzr", "path", "file", "editable")


def pipfile_pins(document: Mapping[str, Any], choice: Choice, target: Target, name: str) -> Pins:
    """Choose from Pipfile.lock what ``target`` installs: packages, and the categories chosen."""
    indexes = _indexes(document, name)
    lines: dict[str, str] = {}
    problems: list[str] = []
    used: list[str] = []
    for category in dict.fromkeys((_ALWAYS, *(_CATEGORIES.get(g, g) for g in choice.groups))):
        for key, row in table_of(document, category, name).items():
            try:
                if holds(row.get("markers"), target, choice):
                    lines[key] = _line(key, row)
                    used.append(indexes.get(str(row.get("index")), ""))
            except (LockError, AttributeError, TypeError) as error:
                problems.append(f"{name}, {category}: {key}: {str(error)[:200]}")
    if problems:
        raise LockError(f"{len(problems)} of the packages cannot be used", problems=tuple(problems))
    return Pins(lines=tuple(lines.values()), indexes=tuple(url for url in used if url))


def _line(key: str, row: Mapping[str, Any]) -> str:
    elsewhere = next((word for word in _ELSEWHERE if row.get(word)), None)
    if elsewhere:
        raise LockError(f"it is a {elsewhere} source, which has no wheel and no hash")
    version = text_in({"name": key, **row}, "version").removeprefix("==")
    return pinned_line(canonicalize_name(key), version, row.get("hashes", ()))


def _indexes(document: Mapping[str, Any], name: str) -> dict[str, str]:
    sources = rows_of(table_of(document, "_meta", name).get("sources", []), name, "sources")
    return {
        str(source.get("name")): text_in(source, "url")
        for source in sources
        if source.get("name") != _USERS_OWN
    }
