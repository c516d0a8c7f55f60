"""Which files of an image are kept while it is read, and how much of each; pure."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Final

_METADATA: Final = re.compile(
    r"(?:.*/)?(?:[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info)|EGG-INFO/PKG-INFO)"
)
_PACKAGES: Final = re.compile(r"var/lib/dpkg/(?:status|status\.d/[^/]+)")
_COPYRIGHT: Final = re.compile(r"usr/share/doc/[^/]+/copyright")
_SMALL: Final = frozenset(
    {"etc/os-release", "usr/lib/os-release", "etc/passwd", "etc/group", "lib/apk/db/installed",
     "etc/alpine-release"}
)  # fmt: skip

RECORD: Final = ".dist-info/RECORD"

_HEADERS: Final = 64 << 10
_RECORD: Final = 16 << 20
_STATUS: Final = 32 << 20
_TEXT: Final = 256 << 10
MOST_BYTES: Final = 128 << 20
"""Kept of all documents together, and as much again of RECORDs; an image with more is no image of
packages."""


def kept_bytes(path: str) -> int:
    """Say how many bytes of the file at ``path`` scanners look at; 0 for none.

    >>> kept_bytes("etc/passwd") > 0, kept_bytes("usr/bin/env")
    (True, 0)
    """
    if path in _SMALL or _COPYRIGHT.fullmatch(path):
        return _TEXT
    if path.endswith(RECORD):
        return _RECORD
    if _METADATA.fullmatch(path):
        return _HEADERS
    return _STATUS if _PACKAGES.fullmatch(path) and not path.endswith(".md5sums") else 0


def _is_whole(path: str) -> bool:
    """Say whether a document means something else when its end is missing."""
    return path in _SMALL or _PACKAGES.fullmatch(path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The bytes of a file that scanners read, as far as they are looked at, and its layer."""

    path: str
    data: bytes
    layer: int = 0


@dataclass(slots=True)
class Shelf:
    """The documents of the layers so far; one that is too long is none."""

    most: int = MOST_BYTES
    kept: dict[str, Document] = field(default_factory=dict)
    _used: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    def room(self, path: str) -> int:
        """Say how many bytes of ``path`` are wanted and have a place."""
        return min(kept_bytes(path), self.most - self._used[path.endswith(RECORD)])

    def put(self, path: str, data: bytes, *, size: int, layer: int) -> None:
        """Keep the start of a document of ``size`` bytes in place of a lower layer's."""
        self.drop(path)
        wanted = kept_bytes(path)
        if not wanted:
            return
        self._used[path.endswith(RECORD)] += len(data)
        if len(data) >= (size if _is_whole(path) else min(size, wanted)):
            self.kept[path] = Document(path=path, data=data, layer=layer)

    def link(self, path: str, document: Document, *, layer: int) -> None:
        """Keep the same bytes under another name; they take no more memory."""
        self.drop(path)
        self.kept[path] = Document(path=path, data=document.data, layer=layer)

    def drop(self, path: str) -> None:
        """Forget what a lower layer had there; its bytes may have other names."""
        self.kept.pop(path, None)


def why_unread(paths: Iterable[str], documents: Container[str]) -> str:
    """Say which of ``paths`` should be among the documents and are not; empty for none.

    A RECORD only vouches for files, and what it does not vouch for is judged by itself.
    """
    unread = sorted(
        path
        for path in paths
        if kept_bytes(path) and path not in documents and not path.endswith(RECORD)
    )
    if not unread:
        return ""
    more = f" and {len(unread) - 1} more files" if len(unread) > 1 else ""
    return f"/{unread[0][:200]}{more} could not be read whole"
