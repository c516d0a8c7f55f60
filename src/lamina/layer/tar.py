"""Tar headers with one spelling: ustar, PAX only where a name or size needs it.

``tarfile`` is not used to write: its bytes changed between Python versions, and a diff_id must not
depend on the interpreter.  Every entry belongs to root and has the same modification time.
"""

from typing import Final

from lamina.errors import ArchiveError

BLOCK: Final = 512
MTIME: Final = 315_532_800
"""1980-01-01T00:00:00Z, the oldest time a zip can hold; tools dislike older ones."""

END: Final = bytes(2 * BLOCK)
"""The two empty blocks that end an archive."""

FILE: Final = b"0"
HARD_LINK: Final = b"1"
SYMLINK: Final = b"2"
DIRECTORY: Final = b"5"

_NAME_SIZE = 100
_PREFIX_SIZE = 155
_LARGEST_USTAR_SIZE = 8**11 - 1
_AFTER_CHECKSUM = b"ustar\x0000" + bytes(32 + 32) + b"0000000\x000000000\x00"


def header(
    path: str, *, kind: bytes = FILE, mode: int = 0o644, size: int = 0, target: str = ""
) -> bytes:
    """Return the header blocks of one entry; a directory's ``path`` has no trailing slash.

    ``size`` is in bytes.  Raises ``ArchiveError`` for a name that a tar cannot hold.
    """
    name = path.encode("utf-8", "surrogateescape") + (b"/" if kind == DIRECTORY else b"")
    link = target.encode("utf-8", "surrogateescape")
    if b"\0" in name or b"\0" in link:
        raise ArchiveError("a name holds a NUL", where=repr(path))
    split = _split(name)
    if split and len(link) <= _NAME_SIZE and size <= _LARGEST_USTAR_SIZE:
        return _block(split, kind, mode, size, link)
    return _pax(name, kind, mode, size, link)


def padding(size: int) -> bytes:
    """Return the zeros that fill the last block of a file of ``size`` bytes."""
    return bytes(-size % BLOCK)


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Divide a name into ustar's prefix and name fields, or None when it is too long."""
    if len(name) <= _NAME_SIZE:
        return b"", name
    slash = name.find(b"/", max(0, len(name) - _NAME_SIZE - 1), _PREFIX_SIZE + 1)
    if slash <= 0 or slash == len(name) - 1:
        return None
    return name[:slash], name[slash + 1 :]


def _block(split: tuple[bytes, bytes], kind: bytes, mode: int, size: int, link: bytes) -> bytes:
    prefix, name = split
    before = b"%b%07o\x000000000\x000000000\x00%011o\x00%011o\x00" % (
        name.ljust(_NAME_SIZE, b"\0"),
        mode,
        size,
        MTIME,
    )
    after = b"%b%b%b%b" % (
        kind,
        link.ljust(_NAME_SIZE, b"\0"),
        _AFTER_CHECKSUM,
        prefix.ljust(_PREFIX_SIZE + 12, b"\0"),
    )
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return b"%b%06o\x00 %b" % (before, checksum, after)


def _pax(name: bytes, kind: bytes, mode: int, size: int, link: bytes) -> bytes:
    records = b""
    if _split(name) is None:
        records += _record(b"path", name)
    if len(link) > _NAME_SIZE:
        records += _record(b"linkpath", link)
    if size > _LARGEST_USTAR_SIZE:
        records += _record(b"size", b"%d" % size)
    extended = _block((b"", b"PaxHeader"), b"x", 0o644, len(records), b"")
    shown = _split(name) or (b"", name[-_NAME_SIZE:].lstrip(b"/"))
    plain = _block(shown, kind, mode, min(size, _LARGEST_USTAR_SIZE), link[:_NAME_SIZE])
    return extended + records + padding(len(records)) + plain


def _record(key: bytes, value: bytes) -> bytes:
    """Write a PAX record, whose length counts its own digits (POSIX pax, "Extended Header")."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest
