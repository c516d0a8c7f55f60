"""Which files of an image are kept while it is read, and how much of each; pure."""

import re
from typing import Final

_METADATA: Final = re.compile(r"(?:.*/)?[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info)")
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
"""Kept of all documents together; an image with more is no image of packages."""


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
