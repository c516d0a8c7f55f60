"""Past: what an earlier text of a lock pinned, whatever wrote the lock; pure."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName
from packaging.utils import canonicalize_name

from lamina.errors import LockError
from lamina.lock.requirements import parse_requirements
from lamina.lock.target import Target
from lamina.project.locks import TOOLS

_ARRAYS = ("packages", "package")
"""PEP 751 has the first; uv.lock, poetry.lock and pdm.lock have the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFile:
    """A file by its hash, ``sha256:…``; its name and size (bytes) where the lock says them."""

    code: str
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One version of a distribution, and the files of it that may be installed."""

    version: str
    files: tuple[PinnedFile, ...] = ()

    def is_same(self, other: "Pin") -> bool:
        """Whether both let the same be installed: a hash more, for others' machines, is no change.

        >>> one, two = PinnedFile(code="sha256:1"), PinnedFile(code="sha256:2")
        >>> Pin(version="1", files=(one,)).is_same(Pin(version="1", files=(one, two)))
        True
        """
        if self.version != other.version:
            return False
        mine, theirs = ({file.code for file in pin.files} for pin in (self, other))
        return mine == theirs or bool(mine & theirs)


def past_pins(text: str, target: Target, *, name: str) -> dict[str, Pin]:
    """Read what the lock called ``name`` pins for ``target``, by normalized name.

    This asks less of a lock than installing from it does: what is in no way pinned is left out,
    and so are extras and groups.  Raises ``LockError`` for a text that cannot be read.
    """
    try:
        if name.startswith("Pipfile"):
            return _of_pipfile(json.loads(text))
        if name.endswith(".toml") or name in TOOLS:
            return _of_toml(tomllib.loads(text), target)
        return _of_requirements(text, target, name)
    except (ValueError, RecursionError, InvalidMarker, UndefinedEnvironmentName) as error:
        raise LockError(f"not a lock: {str(error)[:200]}", where=name) from error


def _of_requirements(text: str, target: Target, name: str) -> dict[str, Pin]:
    lines = parse_requirements(text.encode(), name=name)
    return {
        str(canonicalize_name(line.requirement.name)): Pin(
            version=str(line.requirement.url or line.requirement.specifier).lstrip("="),
            files=tuple(PinnedFile(code=code) for code in line.hashes),
        )
        for line in lines
        if line.is_pinned
        and (
            line.requirement.marker is None or line.requirement.marker.evaluate(target.environment)
        )
    }


def _of_toml(document: Mapping[str, Any], target: Target) -> dict[str, Pin]:
    rows = next((rows for key in _ARRAYS if (rows := _list(document, key))), [])
    context: dict[str, str | frozenset[str]] = {
        **target.environment,
        "extras": frozenset(),
        "dependency_groups": frozenset(map(str, _list(document, "default-groups"))),
    }
    return {
        str(canonicalize_name(row["name"])): _pin(row)
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("name"), str) and _is_wanted(row, context)
    }


def _of_pipfile(document: Any) -> dict[str, Pin]:  # noqa: ANN401 - JSON
    table = document.get("default") if isinstance(document, dict) else None
    return {
        str(canonicalize_name(name)): Pin(
            version=str(row.get("version", "")).lstrip("="),
            files=tuple(PinnedFile(code=str(code)) for code in _list(row, "hashes")),
        )
        for name, row in (table.items() if isinstance(table, dict) else ())
        if isinstance(row, dict)
    }


def _is_wanted(row: Mapping[str, Any], context: dict[str, str | frozenset[str]]) -> bool:
    marker = row.get("marker")
    return not marker or Marker(str(marker)).evaluate(context, context="lock_file")


def _pin(row: Mapping[str, Any]) -> Pin:
    listed = [*_list(row, "wheels"), *_list(row, "files"), row.get("sdist")]
    files = (_file(item) for item in listed if isinstance(item, dict))
    return Pin(version=str(row.get("version", "")), files=tuple(f for f in files if f.code))


def _file(row: Mapping[str, Any]) -> PinnedFile:
    hashes = row.get("hashes")
    code = f"sha256:{hashes.get('sha256')}" if isinstance(hashes, dict) else row.get("hash", "")
    named = row.get("name") or row.get("file") or row.get("url") or row.get("path") or ""
    size = row.get("size")
    return PinnedFile(
        code=str(code),
        name=str(named).rpartition("/")[2],
        size=size if isinstance(size, int) and size > 0 else 0,
    )


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key)
    return value if isinstance(value, list) else []
