"""A strict reader of the tar archives inside packages: a stream in, members out, nothing extracted.

Strict, because a package is input from outside: only files, directories and links, only
names below the root, only headers with a right checksum.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lamina.errors import ArchiveError
from lamina.oci.entry import Kind

_BLOCK = 512
_LARGEST_FILE = 2 << 30
_LARGEST_NAME = 1 << 16
_DIGITS = 6  # of the length of a record in an extended header
_KINDS: dict[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"5": "directory",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member: ``name`` without ``./`` and slashes at the ends (empty for the root itself)."""

    name: str
    kind: Kind
    mode: int
    data: bytes = b""
    target: str = ""


def members(stream: BinaryIO, *, where: str, limit: int) -> Iterator[Member]:
    """Yield the members of an uncompressed tar in their order, at most ``limit`` bytes of them.

    Raises ``ArchiveError`` for everything that is malformed, hostile or not a plain file tree.
    """
    reader = _Reader(stream, where, limit)
    while (header := reader.header()) is not None:
        yield reader.member(header)
    reader.finish()


class _Reader:
    """Reads blocks and keeps what GNU and pax extension headers say about the next member."""

    def __init__(self, stream: BinaryIO, where: str, limit: int) -> None:
        self._stream = stream
        self._where = where
        self._left = limit
        self._long: dict[str, str] = {}

    def header(self) -> bytes | None:
        """Return the next header that is a member's, or None at the end."""
        while any(block := self._read(_BLOCK)):
            self._check_sum(block)
            kind = block[156:157]
            if kind == b"L":
                self._long["path"] = self._text(self._body(block, _LARGEST_NAME).rstrip(b"\0"))
            elif kind == b"K":
                self._long["linkpath"] = self._text(self._body(block, _LARGEST_NAME).rstrip(b"\0"))
            elif kind == b"x":
                self._long.update(self._pax(self._body(block, _LARGEST_NAME)))
            elif kind == b"g":
                self._body(block, _LARGEST_NAME)
            else:
                return block
        return None

    def member(self, header: bytes) -> Member:
        name = self._long.get("path") or self._name(header)
        target = self._long.get("linkpath") or self._text(header[157:257].split(b"\0")[0])
        self._long = {}
        kind = _KINDS.get(header[156:157])
        if kind is None:
            raise self._error(f"{name!r} is a device or another thing that no package may hold")
        body = self._body(header, _LARGEST_FILE)
        if body and kind != "file":
            raise self._error(f"{name!r} is not a file but has contents")
        return Member(
            name=self._safe(name),
            kind=kind,
            mode=self._number(header[100:108]) & 0o7777,
            data=body,
            target=self._safe(target) if kind == "hardlink" else self._link(name, target),
        )

    def finish(self) -> None:
        """Read the padding to its end, so that a checksum behind it is checked as well."""
        while block := self._stream.read(_BLOCK):
            self._left -= len(block)
            if self._left < 0 or any(block):
                raise self._error("something follows its end")

    def _name(self, header: bytes) -> str:
        name = self._text(header[:100].split(b"\0")[0])
        # Only POSIX archives have a prefix; GNU's keep times there.
        prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
        return f"{self._text(prefix)}/{name}" if prefix else name

    def _safe(self, name: str) -> str:
        parts = name.removeprefix("./").rstrip("/").split("/")
        if parts in (["."], [""]):
            return ""
        if any(part in {"", ".", ".."} or part.startswith(".wh.") for part in parts):
            raise self._error(f"{name!r} is not a path below the root")
        return "/".join(parts)

    def _link(self, name: str, target: str) -> str:
        if "\0" in target or "\n" in target:
            raise self._error(f"the link {name!r} has no proper target")
        return target

    def _body(self, header: bytes, largest: int) -> bytes:
        size = self._number(header[124:136])
        if size > largest:
            raise self._error(f"a member of {size} bytes is too large")
        body = self._read(size)
        self._read(-size % _BLOCK)
        return body

    def _pax(self, body: bytes) -> dict[str, str]:
        found = {}
        while body:
            digits, _, _ = body.partition(b" ")
            length = int(digits) if digits.isdigit() and len(digits) <= _DIGITS else 0
            record = body[len(digits) + 1 : length]
            key, equals, value = record.partition(b"=")
            if not record.endswith(b"\n") or not equals:
                raise self._error("an extended header is malformed")
            found[self._text(key)] = self._text(value[:-1])
            body = body[length:]
        if found.keys() - {"path", "linkpath", "mtime", "atime", "ctime", "uname", "gname"}:
            raise self._error("an extended header says what no package needs")
        return found

    def _check_sum(self, block: bytes) -> None:
        if self._number(block[148:156]) != sum(block[:148]) + 8 * 32 + sum(block[156:]):
            raise self._error("a header's checksum is wrong")

    def _number(self, field: bytes) -> int:
        text = field.strip(b" \0")
        if not text:
            return 0
        if text.translate(None, b"01234567"):
            raise self._error("a number in a header is not octal")
        return int(text, 8)

    def _text(self, data: bytes) -> str:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise self._error(f"the name {data[:60]!r} is not UTF-8") from None
        if "\0" in text:
            raise self._error(f"the name {data[:60]!r} has a zero byte")
        return text

    def _read(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise self._error("it holds more than a package may unpack to")
        data = self._stream.read(size)
        if len(data) != size:
            raise self._error("it ends in the middle of a member")
        return data

    def _error(self, what: str) -> ArchiveError:
        return ArchiveError(f"a tar archive cannot be used: {what}", where=self._where)
