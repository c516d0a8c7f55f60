"""The bytes of /etc/ld.so.cache, which ldconfig would have written (glibc's dl-cache.h).

The loader finds Debian's default directories without it; ctypes.util.find_library and
/usr/local/lib do not work without it.
"""

import re
import struct
from collections.abc import Mapping
from typing import Literal

Architecture = Literal["amd64", "arm64"]

_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER = struct.Struct("<20sIIB3xI12x")
_ENTRY = struct.Struct("<iIIIQ")
_LITTLE_ENDIAN = 2
_FLAGS: dict[str, int] = {"amd64": 0x0303, "arm64": 0x0A03}  # ELF, libc6, and the 64-bit ABI


def ld_so_cache(libraries: Mapping[str, str], *, architecture: Architecture) -> bytes:
    """Return a cache that maps each library name to its absolute path."""
    names = sorted(libraries, key=_order, reverse=True)  # the loader searches by halves
    strings = bytearray()
    start = _HEADER.size + _ENTRY.size * len(names)
    entries = bytearray()
    for name in names:
        key = start + len(strings)
        strings += name.encode() + b"\0"
        value = start + len(strings)
        strings += libraries[name].encode() + b"\0"
        entries += _ENTRY.pack(_FLAGS[architecture], key, value, 0, 0)
    header = _HEADER.pack(_MAGIC, len(names), len(strings), _LITTLE_ENDIAN, 0)
    return header + bytes(entries) + bytes(strings)


def _order(name: str) -> list[tuple[int, int]]:
    """Sort like glibc's _dl_cache_libcmp: runs of digits as numbers, after other characters."""
    return [
        (1, int(token)) if token.isdigit() else (0, ord(token))
        for token in re.findall(r"[0-9]+|[^0-9]", name)
    ]
