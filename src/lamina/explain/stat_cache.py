"""What is remembered of files: a digest holds as long as size, times and inode stay the same."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from lamina.durable import incoming
from lamina.errors import LaminaError

DIGITS: Final = 16
"""Hexadecimal digits of a digest that are kept: enough to see a change, not to prove identity."""

_SETTLED_S: Final = 2.0
"""A file younger than this may change again within the clock's tick, and is not remembered."""

_CHUNK: Final = 1 << 20

Identity = tuple[int, int, int, int]


class StatCache:
    """Digests of one folder's files, in a file of their own; nothing of it ever raises."""

    def __init__(self, path: Path | None, *, now: float) -> None:
        self._path = path
        self._now = now
        self._known: dict[str, list[object]] = _read(path)
        self._next: dict[str, list[object]] = {}

    def digest(
        self, path: Path, name: str, status: os.stat_result, is_late: Callable[[], bool]
    ) -> str:
        """Return the start of a file's sha256; empty where it cannot be read, or not in time."""
        identity = [status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns]
        known = self._known.get(name)
        if isinstance(known, list) and known[:-1] == identity and isinstance(known[-1], str):
            self._next[name] = known
            return known[-1]
        digest = _digest(path, is_late)
        if digest and max(status.st_mtime, status.st_ctime) < self._now - _SETTLED_S:
            self._next[name] = [*identity, digest]
        return digest

    def save(self) -> None:
        """Remember what was asked for, and only that."""
        if self._path is None or self._next == self._known:
            return
        with suppress(LaminaError, OSError), incoming(self._path.parent) as new:
            new.file.write(json.dumps(self._next, separators=(",", ":")).encode())
            new.commit(self._path, durable=False)


def short_digest(data: bytes) -> str:
    """Return the start of the sha256 of some bytes."""
    return sha256(data).hexdigest()[:DIGITS]


def _digest(path: Path, is_late: Callable[[], bool]) -> str:
    found = sha256()
    try:
        with path.open("rb", buffering=0) as file:
            is_whole = _feed(file.read, found.update, is_late)
    except OSError:
        return ""
    return found.hexdigest()[:DIGITS] if is_whole else ""


def _feed(
    read: Callable[[int], bytes], update: Callable[[bytes], object], is_late: Callable[[], bool]
) -> bool:
    """Read to the end; say whether there was the time to."""
    while chunk := read(_CHUNK):
        update(chunk)
        if len(chunk) == _CHUNK and is_late():
            return False
    return True


def _read(path: Path | None) -> dict[str, list[object]]:
    try:
        found = json.loads(path.read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
