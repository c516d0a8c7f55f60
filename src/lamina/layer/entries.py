"""Read a layer back: a strict, streaming tar reader over plain, gzip and zstd streams.

Strict, because tools that disagree about an archive are a way to smuggle files past one of them
(CVE-2025-62518): where readers are known to differ, this one refuses.  Streaming, because a layer
may hold gigabytes; nothing is kept but the names seen.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, NoReturn

from lamina.errors import ArchiveError
from lamina.layer.decompress import DEFAULT_LIMITS, Decompressed, Limits

MemberKind = Literal["file", "directory", "symlink", "hardlink", "character", "block", "fifo"]

_BLOCK = 512
_CHUNK = 256 << 10
_LARGEST_USTAR_SIZE = 8**11 - 1
_MAX_EXTENDED = 1 << 20
_MAX_PATH, _MAX_PART = 4095, 255
_NO_OWNER = 2**32 - 1  # to chown, it means "as before"

_KINDS: Mapping[bytes, MemberKind] = {
    b"\0": "file",
    b"0": "file",
    b"7": "file",  # "contiguous", which POSIX lets readers treat as a file
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "character",
    b"4": "block",
    b"5": "directory",
    b"6": "fifo",
}
_MAGICS = {b"ustar\x0000": "posix", b"ustar  \x00": "gnu", bytes(8): "v7"}
_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_PAX_NUMBER = re.compile(r"-?\d+(\.\d*)?")
_PAX_KNOWN = {"path", "linkpath", "size", "uid", "gid", "mtime"}
_PAX_IGNORED = {"atime", "ctime", "uname", "gname", "comment", "LIBARCHIVE.creationtime"}
_XATTR = "SCHILY.xattr."
_UTF8_NAMES = {"ISO-IR 10646 2000 UTF-8", "BINARY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a layer's tar, as it stands there.

    ``path`` has no leading or trailing slash and no ``.`` or ``..``; the root is "".  ``target`` is
    a symlink's text, or a hard link's path in the form of ``path``.  ``mtime`` is in whole seconds
    and may be negative; ``device`` is (major, minor); ``xattrs`` are opaque.
    """

    path: str
    kind: MemberKind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int = 0
    target: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[str, bytes] = field(default_factory=dict, hash=False)

    @property
    def is_opaque_marker(self) -> bool:
        """The member hides what lower layers hold in its directory (layer.md)."""
        return _name(self.path) == ".wh..wh..opq"

    @property
    def removes(self) -> str | None:
        """The path that the member, a whiteout, deletes from lower layers (layer.md)."""
        folder, _, name = self.path.rpartition("/")
        if not name.startswith(".wh.") or name.startswith(".wh..wh."):
            return None
        return f"{folder}/{name[4:]}" if folder else name[4:]


class LayerReader:
    """Iterate over a layer's members; ``chunks`` reads the content of the one just yielded.

    What is not read is skipped.  Raises ``ArchiveError`` for an archive that is malformed, cut
    short, over a limit, or that tar readers understand differently; it says ``where``, and ``what``
    it is, for an sdist is a tar as well.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        where: str | None = None,
        what: str = "layer",
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._where = where
        self._what = what
        self._limits = limits
        self._input = Decompressed(stream, limits=limits, refuse=self._refuse)
        self._left = 0
        self._padding = 0
        self._seen: dict[str, bool] = {}
        self._extended: dict[str, bytes] = {}

    def __iter__(self) -> Iterator[Member]:
        """Yield the members in order, once."""
        for _ in range(self._limits.members):
            self._skip()
            member = self._next()
            if member is None:
                return
            yield member
        self._refuse(f"has more than {self._limits.members} members")

    @property
    def position(self) -> int:
        """Where in the plain tar the content of the member just yielded goes on, in bytes."""
        return self._input.position

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left of the current member's content, in order."""
        while self._left:
            chunk = self._take(min(self._left, _CHUNK))
            self._left -= len(chunk)
            yield chunk

    def _skip(self) -> None:
        for _ in self.chunks():
            pass
        if any(self._take(self._padding)):
            self._refuse("has data where padding should be")
        self._padding = 0

    def _next(self) -> Member | None:
        self._extended = {}
        while True:
            block = self._take(_BLOCK)
            if not any(block):
                self._finish()
                return None
            header = _Header(block, self._refuse)
            if header.kind not in (b"x", b"g", b"L", b"K"):
                return self._member(header)
            self._extend(header)

    def _finish(self) -> None:
        """Check that two empty blocks end the archive and that nothing hides behind them."""
        if any(self._take(_BLOCK)):
            self._refuse("goes on after an empty block")
        while rest := self._input.read(_CHUNK):
            if rest.count(0) != len(rest):
                self._refuse("has data behind its end")

    def _extend(self, header: "_Header") -> None:
        """Take in an extended header: PAX records or a GNU long name."""
        size = header.size
        if size > _MAX_EXTENDED:
            self._refuse("has an extended header that is too long")
        data = self._take(size)
        self._padding = -size % _BLOCK
        self._skip()
        if header.kind in (b"L", b"K"):
            name, _, rest = data.partition(b"\0")
            records = {"path" if header.kind == b"L" else "linkpath": name}
            if any(rest):
                self._refuse("has data behind a GNU long name")
        else:
            records = dict(_pax_records(data, self._refuse))
        if header.kind == b"g" and records.keys() & (_PAX_KNOWN | {"hdrcharset"}):
            self._refuse("sets names or sizes for all members at once")
        if records.keys() & self._extended.keys():
            self._refuse("says the same of one member twice")
        if header.kind != b"g":
            self._extended |= records

    def _member(self, header: "_Header") -> Member:
        kind = _KINDS.get(header.kind)
        if kind is None:
            self._refuse(f"has a member of an unknown kind {header.kind!r}")
        path = self._path(self._extended.get("path", header.path), is_directory=kind == "directory")
        target = self._target(self._extended.get("linkpath", header.target), kind)
        size = self._size(header)
        if size and kind != "file":
            self._refuse(f"gives content to {path!r}, which is no file")
        self._note(path, is_directory=kind == "directory")
        self._left, self._padding = size, -size % _BLOCK
        return Member(
            path=path,
            kind=kind,
            mode=header.number(100, 8) & 0o7777,
            uid=self._owner("uid", header.number(108, 8)),
            gid=self._owner("gid", header.number(116, 8)),
            mtime=self._number("mtime", header.number(136, 12)),
            size=size,
            target=target,
            device=header.device if kind in ("character", "block") else (0, 0),
            xattrs={k[len(_XATTR) :]: v for k, v in self._extended.items() if k.startswith(_XATTR)},
        )

    def _size(self, header: "_Header") -> int:
        size = self._number("size", header.size)
        fits = size <= _LARGEST_USTAR_SIZE or header.size not in (0, _LARGEST_USTAR_SIZE)
        if size < 0 or (fits and size != header.size):
            self._refuse("gives a member two sizes")
        return size

    def _owner(self, key: str, plain: int) -> int:
        owner = self._number(key, plain)
        if not 0 <= owner < _NO_OWNER:
            self._refuse(f"has an impossible {key} {owner}")
        return owner

    def _number(self, key: str, plain: int) -> int:
        value = self._extended.get(key)
        if value is None:
            return plain
        text = value.decode("ascii", "replace")
        if len(text) > 40 or not _PAX_NUMBER.fullmatch(text):  # noqa: PLR2004 - 2**63 has 19 digits
            self._refuse(f"has a malformed {key}")
        whole, _, fraction = text.partition(".")
        below = text.startswith("-") and fraction.strip("0")
        return int(whole) - (1 if below else 0)  # rounded down, so that order is kept

    def _path(self, name: bytes, *, is_directory: bool) -> str:
        if name.endswith(b"/") and not is_directory:
            self._refuse(f"has a file whose name {_shown(name)} is that of a directory")
        if name.startswith(b"/") and name.strip(b"/"):
            self._refuse(f"has an absolute name {_shown(name)}")
        return self._plain(name)

    def _target(self, name: bytes, kind: str) -> str:
        if kind == "hardlink":
            return self._plain(name.lstrip(b"/"))
        if kind == "symlink" and (not name or b"\0" in name or len(name) > _MAX_PATH):
            self._refuse(f"has a link that leads to {_shown(name)}")
        return name.decode("utf-8", "surrogateescape") if kind == "symlink" else ""

    def _plain(self, name: bytes) -> str:
        """Return ``name`` without ``.`` and empty parts; refuse what no directory could hold."""
        parts = [part for part in name.split(b"/") if part not in (b"", b".")]
        bad = b".." in parts or b"\0" in name or b".wh." in parts or len(name) > _MAX_PATH
        if bad or any(len(part) > _MAX_PART for part in parts):
            self._refuse(f"has a name that cannot be: {_shown(name)}")
        return b"/".join(parts).decode("utf-8", "surrogateescape")

    def _note(self, path: str, *, is_directory: bool) -> None:
        """Remember a name; only a directory may come twice, which some builders write."""
        if path in self._seen and not (is_directory and self._seen[path]):
            self._refuse(f"holds {path!r} twice")
        self._seen[path] = is_directory

    def _take(self, size: int) -> bytes:
        data = self._input.read(size)
        if len(data) < size:
            self._refuse("is cut short")
        return data

    def _refuse(self, problem: str) -> NoReturn:
        raise ArchiveError(
            f"the {self._what} {problem}",
            where=self._where,
            hint=f"the {self._what} is malformed or hostile: fetch it again, or use another",
        )


class _Header:
    """The fields of one tar header block (POSIX ustar, and GNU's and v7's variants)."""

    def __init__(self, block: bytes, refuse: Callable[[str], NoReturn]) -> None:
        self._block = block
        self._refuse = refuse
        style = _MAGICS.get(block[257:265])
        checksum = sum(block) - sum(block[148:156]) + 8 * ord(" ")
        if style is None or block[508:] == b"tar\0" or self.number(148, 8) != checksum:
            refuse("has a broken header")
        self.kind = block[156:157]
        name, prefix = self._text(0, 100), self._text(345, 155) if style == "posix" else b""
        self.path = b"%b/%b" % (prefix, name) if prefix else name
        self.target = self._text(157, 100)
        self.size = self.number(124, 12)
        self.device = (self.number(329, 8), self.number(337, 8)) if style != "v7" else (0, 0)
        if self.size < 0:
            refuse("has a member of negative size")

    def number(self, start: int, length: int) -> int:
        """Read an octal number, or GNU's base-256 for what octal cannot hold."""
        data = self._block[start : start + length]
        if data[0] in (0x80, 0xFF):
            return int.from_bytes(data[1:], "big", signed=data[0] == 0xFF)  # noqa: PLR2004
        match = _OCTAL.fullmatch(data)
        if match is None:
            self._refuse("has a malformed number")
        return int(match[1] or b"0", 8)

    def _text(self, start: int, length: int) -> bytes:
        return self._block[start : start + length].partition(b"\0")[0]


def _pax_records(data: bytes, refuse: Callable[[str], NoReturn]) -> Iterator[tuple[str, bytes]]:
    """Yield the records of a PAX header; refuse unknown ones that may change a meaning."""
    seen = set()
    while data:
        digits, space, _ = data[:20].partition(b" ")
        end = int(digits) if digits.isdigit() and space else 0
        key_bytes, equals, value = data[len(digits) + 1 : end].partition(b"=")
        if not equals or end > len(data) or not value.endswith(b"\n"):
            refuse("has a malformed PAX header")
        key, value = key_bytes.decode("utf-8", "replace"), value[:-1]
        if key in seen or not _is_harmless(key, value):
            refuse(f"has a PAX record {key[:80]!r} that readers take differently")
        seen.add(key)
        yield key, value
        data = data[end:]


def _is_harmless(key: str, value: bytes) -> bool:
    if key == "hdrcharset":
        return value.decode("ascii", "replace") in _UTF8_NAMES
    if key in _PAX_KNOWN:
        return b"\0" not in value and value != b""  # an empty value would mean "as before"
    # POSIX keeps lower-case keywords for itself; GNU.sparse moves a file's content about.
    is_vendor = key[:1].isupper() and "." in key and not key.startswith("GNU.sparse")
    return is_vendor or key in _PAX_IGNORED


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _shown(name: bytes) -> str:
    return repr(name[:200].decode("utf-8", "backslashreplace"))
