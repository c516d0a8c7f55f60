"""Pins: what another tool's lock says, in the form that every lock without addresses has here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.markers import InvalidMarker, Marker

from lamina.errors import LockError
from lamina.lock.lock import LockedDirectory
from lamina.lock.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which extras and groups of a lock the image gets, besides what it always gets."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Requirement lines with hashes, the indexes that the lock names, and folders to build."""

    lines: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    directories: tuple[LockedDirectory, ...] = ()

    @property
    def text(self) -> str:
        """The same as a requirements file."""
        options = (f"--extra-index-url {url}" for url in dict.fromkeys(self.indexes))
        return "".join(f"{line}\n" for line in (*options, *self.lines))


def pinned_line(name: str, version: str, hashes: Iterable[str]) -> str:
    """Write one distribution; raise ``LockError`` for one without hashes.

    >>> pinned_line("idna", "3.20", ["sha256:ab", "sha256:0c"])
    'idna==3.20 --hash=sha256:0c --hash=sha256:ab'
    """
    return _hashed(f"{name}=={version}", hashes)


def address_line(name: str, url: str, hashes: Iterable[str]) -> str:
    """Write one distribution that is known by its address."""
    return _hashed(f"{name} @ {url}", hashes)


def holds(marker: object, target: Target, choice: Choice) -> bool:
    """Say whether a marker of a lock is true inside the image.

    ``extra == "ui"`` is asked for each chosen extra, and once for none.
    """
    if not marker:
        return True
    try:
        parsed = Marker(str(marker))
        return any(
            parsed.evaluate({**target.environment, "extra": extra})
            for extra in ("", *choice.extras)
        )
    except (InvalidMarker, RecursionError) as error:
        raise LockError(f"{str(marker)[:80]!r} is not a marker") from error


def rows_of(value: object, name: str, what: str) -> list[Mapping[str, Any]]:
    """Return a list of tables, or raise ``LockError``."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise LockError(f"{what} is not a list of tables", where=name)
    return value


def table_of(document: object, key: str, name: str) -> Mapping[str, Any]:
    """Return a table inside of a document, an empty one where there is none."""
    value = document.get(key, {}) if isinstance(document, dict) else None
    if not isinstance(value, dict):
        raise LockError(f"{key} is not a table", where=name)
    return value


def text_in(row: Mapping[str, Any], key: str) -> str:
    """Return a text of a table; raise ``LockError`` where there is none."""
    value = row.get(key)
    if not isinstance(value, str) or not value or any(c.isspace() for c in value):
        raise LockError(f"{row.get('name', 'a package')} has no {key}")
    return value


def _hashed(what: str, hashes: Iterable[str]) -> str:
    codes = sorted(set(hashes))
    if not codes or any(not code or any(c.isspace() for c in code) for code in codes):
        raise LockError(f"{what} has no hash")
    return " ".join((what, *(f"--hash={code}" for code in codes)))
