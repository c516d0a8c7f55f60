"""The digest of a file that is nobody's but the user's: computed once, until the file changes."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lamina.errors import ProjectError
from lamina.oci.digest import Digest
from lamina.steps import Clock
from lamina.store.store import Store

LARGE: Final = 1 << 20
"""Bytes from which a digest is worth remembering: what is smaller is read as fast as the memory."""

_TOPIC: Final = "file digest"
_SETTLED_S: Final = 2.0
"""A file that changed later than this may change again and keep all its times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """The digest of a file's bytes, their number, and whether somebody may execute it."""

    digest: Digest
    size: int
    is_executable: bool


def file_facts(path: Path, store: Store, clock: Clock) -> FileFacts:
    """Hash a file, or recall its digest where inode, size and times are as they were.

    Raises ``ProjectError`` where it cannot be read.
    """
    try:
        status = path.stat()
        known = _recalled(path, status, store) if status.st_size >= LARGE else None
        if known is not None:
            return _facts(known, status)
        is_settled = max(status.st_mtime, status.st_ctime) < clock() - _SETTLED_S
        with path.open("rb") as file:
            digest = Digest(hashlib.file_digest(file, "sha256").hexdigest())
            read = os.fstat(file.fileno())
    except OSError as error:
        raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error
    if status.st_size >= LARGE and is_settled and _identity(read) == _identity(status):
        store.remember(_TOPIC, _key(path), [_identity(status), str(digest)])
    return _facts(digest, read)


def forget_facts(path: Path, store: Store) -> None:
    """Forget a digest that turned out to be wrong: not every disk keeps the times of a file."""
    store.remember(_TOPIC, _key(path), None)


def _recalled(path: Path, status: os.stat_result, store: Store) -> Digest | None:
    row = store.recall(_TOPIC, _key(path))
    if isinstance(row, list) and row[0] == _identity(status):
        return Digest.parse(row[1])
    return None


def _facts(digest: Digest, status: os.stat_result) -> FileFacts:
    is_executable = bool(status.st_mode & 0o111)
    return FileFacts(digest=digest, size=status.st_size, is_executable=is_executable)


def _identity(status: os.stat_result) -> list[int]:
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _key(path: Path) -> str:
    return os.fsencode(path.absolute()).hex()
