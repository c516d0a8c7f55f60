"""A wheel's zip, read strictly: one meaning, whoever reads it (APPNOTE.TXT, sections 4.3 and 4.4).

Tolerant readers disagree about duplicated names, hidden bytes and headers that contradict each
other, and disagreement is how a payload hides.  Here the central directory and the local headers
must agree, members follow each other without gaps, and nothing stands before or after them.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from lamina.errors import ArchiveError, StoreError
from lamina.layer.decompress import DEFAULT_LIMITS, GRACE

STORED: Final = 0
DEFLATED: Final = 8

_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_MOST_MEMBERS = 1_000_000
_LARGEST_DIRECTORY = 1 << 28
_UINT16 = 0xFFFF
_UINT32 = 0xFFFFFFFF
_DESCRIPTOR, _UTF8 = 0x8, 0x800
_UNREADABLE = 0x2061  # encrypted in one way or another, or a patch
_DESCRIPTOR_SIZES = frozenset({12, 16, 20, 24})
_UNICODE_NAME = 0x7075
_ZIP64 = 1
_UNIX = 3
_WINDOW = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the zip: ``start`` is its local header's offset, ``end`` that of what follows."""

    name: str
    method: int
    crc: int
    packed_size: int
    size: int
    unix_mode: int
    flags: int
    start: int
    end: int


class Ranged(Protocol):
    """Bytes that are read by offset: a file of this machine, or one that is somewhere else.

    ``fetched`` counts the bytes that came over a network for it.
    """

    @property
    def size(self) -> int:
        """How many bytes there are."""

    @property
    def fetched(self) -> int:
        """How many bytes were fetched so far."""

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset`` on, fewer only where they end."""

    def close(self) -> None:
        """Let go of what is held open."""


class LocalFile:
    """A file of this machine, read by offset; threads may share one."""

    def __init__(self, path: Path, *, fetched: int = 0) -> None:
        self.fetched = fetched
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(f"cannot read: {error.strerror}", where=str(path)) from error
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset`` on, fewer only where the file ends."""
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class ZipDirectory:
    """An open zip file and its members in the order of their bytes; close it after use.

    ``source`` is a file's path, or what reads the zip wherever it is, and is closed as well.
    Reading is by offset, so threads may share one.  Messages call the file ``name``.
    """

    def __init__(self, source: Path | Ranged, *, name: str = "") -> None:
        self._shown = name or (source.name if isinstance(source, Path) else "the zip")
        self._source = LocalFile(source) if isinstance(source, Path) else source
        try:
            self.members = tuple(self._read_directory(self._source.size))
            self._refuse_bomb()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def packed(self, member: Member, *, window: int = _WINDOW) -> Iterator[bytes]:
        """Yield the member's bytes as the zip holds them, after checking its local header.

        Small members come in one piece, large ones in pieces of ``window`` bytes, the first of
        which has to hold the local header.
        """
        first = self._read(member.start, min(window, member.end - member.start))
        start = self._check_local(member, first)
        if start > len(first):
            raise self.fail("the local header is too long", member.name)
        stop = start + member.packed_size
        yield first[start : min(stop, len(first))]
        for offset in range(len(first), stop, window):
            yield self._read(member.start + offset, min(window, stop - offset))

    def fail(self, what: str, member: str = "") -> ArchiveError:
        """Make the error for something wrong in this zip."""
        return ArchiveError(
            what,
            where=self.where(member) if member else self._shown,
            hint="the file is malformed or hostile: report it to its publisher, or pin another",
        )

    def where(self, member: str) -> str:
        """Name a member for people."""
        return f"{self._shown}, {member!r}"

    def _refuse_bomb(self) -> None:
        """Refuse what would unpack to far more than it is; what follows checks that sizes hold."""
        size = sum(member.size for member in self.members)
        packed = sum(member.packed_size for member in self.members)
        if size > DEFAULT_LIMITS.size or size > max(GRACE, DEFAULT_LIMITS.ratio * packed):
            largest = max(self.members, key=lambda member: member.size)
            raise self.fail(
                f"the file unpacks to {size} bytes, more than is plausible", largest.name
            )

    def _read(self, offset: int, length: int) -> bytes:
        data = self._source.read(offset, length)
        if len(data) != length:
            raise self.fail("the file is truncated")
        return data

    def _read_directory(self, file_size: int) -> Iterator[Member]:
        count, offset, size = self._find_directory(file_size)
        directory = self._read(offset, size)
        rows = sorted(self._parse_rows(directory, count), key=lambda row: row[-1])
        starts = [*(row[-1] for row in rows), offset]
        if starts[0] != 0:
            raise self.fail("there are bytes before the first member")
        names: set[str] = set()
        for row, end in zip(rows, starts[1:], strict=True):
            member = self._make_member(row, end)
            if member.start >= end:
                raise self.fail("the local header is missing", member.name)
            if member.name in names:
                raise self.fail("two members have the same name", member.name)
            names.add(member.name)
            yield member

    def _find_directory(self, file_size: int) -> tuple[int, int, int]:
        """Read the end record, which must be the last bytes, and return count, offset and size."""
        if file_size < _END.size:
            raise self.fail("the file is not a zip: it is too short")
        position = file_size - _END.size
        end = _END.unpack(self._read(position, _END.size))
        if end[0] != b"PK\5\6" or end[7] != 0:
            raise self.fail("the file is not a zip, is truncated, or has bytes after its end")
        on_disk, count, size, offset = end[3:7]
        if _UINT32 in (size, offset) or (count == _UINT16 and offset + size != position):
            position, *numbers = self._find_directory64(position)
            if any(
                short not in {wide, limit}
                for short, wide, limit in zip(
                    (count, size, offset), numbers, (_UINT16, _UINT32, _UINT32), strict=True
                )
            ):
                raise self.fail("the two end records contradict each other")
            count, size, offset = numbers
        elif on_disk != count:
            raise self.fail("the end record gives two numbers of members")
        if end[1] or end[2] or offset + size != position:
            raise self.fail(
                "the directory is not where the end record says, or not all in one file"
            )
        if count > _MOST_MEMBERS or size > _LARGEST_DIRECTORY:
            raise self.fail(f"the directory is too large: {count} members, {size} bytes")
        return count, offset, size

    def _find_directory64(self, position: int) -> tuple[int, int, int, int]:
        position -= _LOCATOR64.size
        if position < _END64.size:
            raise self.fail("the zip64 records are missing")
        magic, disk, start, disks = _LOCATOR64.unpack(self._read(position, _LOCATOR64.size))
        if (magic, disk, disks) != (b"PK\6\7", 0, 1) or start + _END64.size != position:
            raise self.fail("the zip64 locator is wrong")
        record = _END64.unpack(self._read(start, _END64.size))
        size_after = _END64.size - 12  # the field counts neither itself nor the magic
        fixed = record[0], record[1], record[4], record[5]
        if fixed != (b"PK\6\6", size_after, 0, 0) or record[6] != record[7]:
            raise self.fail("the zip64 end record is wrong")
        return start, record[7], record[8], record[9]

    def _parse_rows(
        self, directory: bytes, count: int
    ) -> Iterator[tuple[bytes, bytes, tuple[int, ...], int]]:
        """Yield (name, extra field, header fields, offset of the local header) for each row."""
        position = 0
        for _ in range(count):
            try:
                fields = _CENTRAL.unpack_from(directory, position)
            except struct.error:
                raise self.fail("the directory is truncated") from None
            if fields[0] != b"PK\1\2":
                raise self.fail("the directory is malformed")
            name_end = position + _CENTRAL.size + fields[12]
            extra_end = name_end + fields[13]
            name = directory[position + _CENTRAL.size : name_end]
            position = extra_end + fields[14]
            sizes, offset = self._widen(directory[name_end:extra_end], fields, name)
            numbers = (*fields[1:10], *sizes, *fields[15:18])
            yield name, directory[name_end:extra_end], numbers, offset
        if position != len(directory):
            raise self.fail("the directory does not end where it should")

    def _widen(
        self, extra: bytes, fields: tuple[int, ...], name: bytes
    ) -> tuple[tuple[int, int], int]:
        """Take the sizes and the offset from the zip64 extra field where the row points there."""
        packed, size, offset = fields[10], fields[11], fields[18]
        if _UINT32 not in (packed, size, offset):
            return (packed, size), offset
        values = _zip64_values(extra)
        try:
            size = values.pop(0) if size == _UINT32 else size
            packed = values.pop(0) if packed == _UINT32 else packed
            offset = values.pop(0) if offset == _UINT32 else offset
        except IndexError:
            raise self.fail("the zip64 field is missing", repr(name)) from None
        return (packed, size), offset

    def _make_member(self, row: tuple[bytes, bytes, tuple[int, ...], int], end: int) -> Member:
        raw_name, extra, numbers, start = row
        _, system, _, _, flags, method, _, _, crc, packed, size, _, _, attributes = numbers
        try:
            name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437")
        except UnicodeDecodeError:
            raise self.fail("a name is not UTF-8", repr(raw_name)) from None
        if any(text[5:] != raw_name for text in _extra_fields(extra, _UNICODE_NAME)):
            raise self.fail("the member has two names", name)
        if flags & _UNREADABLE:
            raise self.fail("the member is encrypted", name)
        if method not in {STORED, DEFLATED}:
            raise self.fail(f"compression method {method} is not allowed in a wheel", name)
        if method == STORED and packed != size:
            raise self.fail("a stored member has two sizes", name)
        mode = attributes >> 16 if system == _UNIX else 0
        return Member(name, method, crc, packed, size, mode, flags, start, end)

    def _check_local(self, member: Member, data: bytes) -> int:
        """Compare the local header with the directory; return where the data starts in ``data``."""
        if len(data) < _LOCAL.size or data[:4] != b"PK\3\4":
            raise self.fail("the local header is missing", member.name)
        _, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = (
            _LOCAL.unpack_from(data)
        )
        start: int = _LOCAL.size + name_length + extra_length
        raw_name = data[_LOCAL.size : _LOCAL.size + name_length]
        same_name = raw_name == member.name.encode("utf-8" if flags & _UTF8 else "cp437", "replace")
        if not same_name or method != member.method or flags != member.flags:
            raise self.fail("the local header contradicts the directory", member.name)
        extra = data[_LOCAL.size + name_length : start]
        if any(text[5:] != raw_name for text in _extra_fields(extra, _UNICODE_NAME)):
            raise self.fail("the member has two names", member.name)
        if _UINT32 in {packed, size}:
            values = _zip64_values(extra)
            size, packed = (*values, size, packed)[:2] if len(values) > 1 else (size, packed)
        rest = member.end - member.start - start - member.packed_size
        found, expected = (crc, packed, size), (member.crc, member.packed_size, member.size)
        if flags & _DESCRIPTOR:
            agrees = self._check_descriptor(member, rest) and all(
                number in {0, _UINT32, wanted}
                for number, wanted in zip(found, expected, strict=True)
            )
        else:
            agrees = rest == 0 and found == expected
        if not agrees:
            raise self.fail("the local header contradicts the directory", member.name)
        return start

    def _check_descriptor(self, member: Member, length: int) -> bool:
        """Say whether the data descriptor says what the directory does (section 4.3.9)."""
        if length not in _DESCRIPTOR_SIZES:
            return False
        found = self._read(member.end - length, length)
        if length in {16, 24}:
            if found[:4] != b"PK\7\x08":
                return False
            found = found[4:]
        fields = "<LLL" if len(found) == struct.calcsize("<LLL") else "<LQQ"
        return struct.unpack(fields, found) == (member.crc, member.packed_size, member.size)


def _zip64_values(extra: bytes) -> list[int]:
    """Return the 64-bit numbers of the zip64 extra field (section 4.5.3), or nothing."""
    body = next(_extra_fields(extra, _ZIP64), b"")
    return [int.from_bytes(body[i : i + 8], "little") for i in range(0, len(body) - 7, 8)]


def _extra_fields(extra: bytes, wanted: int) -> Iterator[bytes]:
    """Yield the bodies of the extra fields of one kind (section 4.5)."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == wanted:
            yield extra[position + 4 : position + 4 + length]
        position += 4 + length
