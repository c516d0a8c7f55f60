"""What one ELF object asks of the dynamic linker, read from the few places that say so.

Only headers, the dynamic section, the version tables and the few strings that they name are read,
a few kilobytes of an object of any size.  The names are those of the System V ABI (gABI, chapters 4
and 5) and of the Linux Standard Base (symbol versions).
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lamina.errors import ArchiveError

ReadAt = Callable[[int, int], bytes]
"""Return up to ``size`` bytes at ``offset``; fewer only at the end of the object."""

MAGIC = b"\x7fELF"
HEADER_SIZE = 64

_EXECUTABLE_OR_SHARED = (2, 3)  # ET_EXEC, ET_DYN; ld.so loads nothing else
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 10, 14, 15, 29
_DT_VERDEF, _DT_VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
_VER_FLG_WEAK = 2

# Real objects stay far below these; a hostile one costs no more than this.
_MAX_SEGMENTS = 512
_MAX_DYNAMIC = 1 << 20
_MAX_VERSIONS = 1 << 20
_MAX_NAME = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionNeed:
    """The symbol versions that an object wants of one library, weak ones left out."""

    library: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one executable or shared object needs and provides; names as they stand in it.

    ``machine`` is ``e_machine`` (62 is x86-64, 183 is AArch64).  ``rpath`` and ``runpath`` are
    split at colons and not expanded.  ``provides`` are the versions that the object defines.
    """

    machine: int
    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    interpreter: str | None = None
    requires: tuple[VersionNeed, ...] = ()
    provides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One program header: where a part of the file goes in memory (sizes and offsets in bytes)."""

    kind: int
    offset: int
    address: int
    size: int

    @property
    def is_load(self) -> bool:
        """The segment is mapped into memory."""
        return self.kind == _PT_LOAD

    @property
    def is_dynamic(self) -> bool:
        """The segment is the dynamic section."""
        return self.kind == _PT_DYNAMIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The ELF header, as far as it matters; ``order`` is the prefix of ``struct`` formats."""

    order: str
    is_64: bool
    machine: int
    table_offset: int
    table_entry_size: int
    table_entries: int

    @property
    def table_size(self) -> int:
        """Size of the program header table."""
        return self.table_entry_size * self.table_entries


def parse(read_at: ReadAt) -> Needs | None:
    """Read what an object needs; None if it is no executable or shared ELF object.

    Raises ``ArchiveError`` if it claims to be one and contradicts itself.
    """
    header = read_header(read_at(0, HEADER_SIZE))
    if header is None:
        return None
    segments = read_segments(header, read_at(header.table_offset, header.table_size))
    dynamic = next((s for s in segments if s.is_dynamic and s.size), None)
    interpreter = next((s for s in segments if s.kind == _PT_INTERP and s.size), None)
    name = None
    if interpreter is not None:
        name = _text(read_at(interpreter.offset, min(interpreter.size, _MAX_NAME)), 0)
    if dynamic is None:
        return Needs(machine=header.machine, interpreter=name)
    return _Dynamic(read_at, header, segments, dynamic).needs(interpreter=name)


def read_header(data: bytes) -> Header | None:
    """Read the ELF header from the first 64 bytes; None if ld.so would not load such a file."""
    if not data.startswith(MAGIC) or len(data) < 52:  # noqa: PLR2004 - size of an ELF32 header
        return None
    is_64, order = {1: False, 2: True}.get(data[4]), {1: "<", 2: ">"}.get(data[5])
    if is_64 is None or order is None:
        raise ArchiveError("an ELF object has an unknown class or byte order")
    if is_64 and len(data) < HEADER_SIZE:
        raise ArchiveError("an ELF object ends inside its header")
    kind, machine = struct.unpack_from(f"{order}HH", data, 16)
    if kind not in _EXECUTABLE_OR_SHARED:
        return None
    (table_offset,) = struct.unpack_from(
        f"{order}{'Q' if is_64 else 'I'}", data, 32 if is_64 else 28
    )
    entry_size, entries = struct.unpack_from(f"{order}HH", data, 54 if is_64 else 42)
    if entries > _MAX_SEGMENTS or (entries and entry_size != (56 if is_64 else 32)):
        raise ArchiveError("an ELF object has an impossible program header table")
    return Header(
        order=order,
        is_64=is_64,
        machine=machine,
        table_offset=table_offset,
        table_entry_size=entry_size,
        table_entries=entries,
    )


def read_segments(header: Header, table: bytes) -> tuple[Segment, ...]:
    """Read the program headers; ``ArchiveError`` if ``table`` is cut short."""
    if len(table) < header.table_size:
        raise ArchiveError("an ELF object ends inside its program headers")
    if header.is_64:
        rows = struct.iter_unpack(f"{header.order}IIQQQQQQ", table)
        return tuple(Segment(kind=r[0], offset=r[2], address=r[3], size=r[5]) for r in rows)
    rows = struct.iter_unpack(f"{header.order}IIIIIIII", table)
    return tuple(Segment(kind=r[0], offset=r[1], address=r[2], size=r[4]) for r in rows)


class _Dynamic:
    """The dynamic section of one object and the tables that it points to."""

    def __init__(
        self, read_at: ReadAt, header: Header, segments: tuple[Segment, ...], dynamic: Segment
    ) -> None:
        self._read_at = read_at
        self._header = header
        self._segments = segments
        self._tags = self._read_tags(dynamic)
        self._strings_size = self._first(_DT_STRSZ) or 0
        strings = self._first(_DT_STRTAB)
        self._strings_at = self._offset(strings) if strings and self._strings_size else 0

    def needs(self, *, interpreter: str | None) -> Needs:
        sonames = self._names(_DT_SONAME)
        return Needs(
            machine=self._header.machine,
            needed=self._names(_DT_NEEDED),
            soname=sonames[0] if sonames else None,
            rpath=self._paths(_DT_RPATH),
            runpath=self._paths(_DT_RUNPATH),
            interpreter=interpreter,
            requires=tuple(self._requires()),
            provides=tuple(dict.fromkeys(self._provides())),
        )

    def _read_tags(self, dynamic: Segment) -> dict[int, list[int]]:
        row = struct.Struct(f"{self._header.order}{'qQ' if self._header.is_64 else 'iI'}")
        data = self._read_at(dynamic.offset, min(dynamic.size, _MAX_DYNAMIC))
        tags: dict[int, list[int]] = {}
        for tag, value in row.iter_unpack(data[: len(data) // row.size * row.size]):
            if tag == 0:  # DT_NULL ends the section; what follows is spare room
                break
            tags.setdefault(tag, []).append(value)
        return tags

    def _string(self, start: int) -> str:
        """Read one string; the table may be large, for it holds the names of all symbols."""
        if not self._strings_at:
            raise ArchiveError("an ELF object has names and no string table")
        room = max(0, min(_MAX_NAME, self._strings_size - start))
        return _text(self._read_at(self._strings_at + start, room), 0)

    def _first(self, tag: int) -> int | None:
        values = self._tags.get(tag)
        return values[0] if values else None

    def _offset(self, address: int) -> int:
        for segment in self._segments:
            if segment.is_load and 0 <= address - segment.address < segment.size:
                return segment.offset + address - segment.address
        raise ArchiveError("a table of an ELF object lies outside of its segments")

    def _names(self, tag: int) -> tuple[str, ...]:
        return tuple(self._string(value) for value in self._tags.get(tag, ()))

    def _paths(self, tag: int) -> tuple[str, ...]:
        return tuple(path for name in self._names(tag) for path in name.split(":") if path)

    def _requires(self) -> Iterator[VersionNeed]:
        for data, at in self._chain(_DT_VERNEED, link=12, size=16):
            count, file, aux = struct.unpack_from(f"{self._header.order}2xHII", data, at)
            versions = tuple(dict.fromkeys(self._wanted(data, at + aux, count)))
            yield VersionNeed(library=self._string(file), versions=versions)

    def _wanted(self, data: bytes, at: int, count: int) -> Iterator[str]:
        for _ in range(count):
            if at + 16 > len(data):
                return
            flags, name, link = struct.unpack_from(f"{self._header.order}4xH2xII", data, at)
            if not flags & _VER_FLG_WEAK:  # ld.so goes on without a weak one
                yield self._string(name)
            if not link:
                return
            at += link

    def _provides(self) -> Iterator[str]:
        for data, at in self._chain(_DT_VERDEF, link=16, size=20):
            (aux,) = struct.unpack_from(f"{self._header.order}12xI", data, at)
            if at + aux + 8 <= len(data):
                (name,) = struct.unpack_from(f"{self._header.order}I", data, at + aux)
                yield self._string(name)

    def _chain(self, tag: int, *, link: int, size: int) -> Iterator[tuple[bytes, int]]:
        """Yield the table and the offset of each record in it; links only ever lead forward."""
        address = self._first(tag)
        if address is None:
            return
        data, at = self._read_at(self._offset(address), self._room(address)), 0
        while at + size <= len(data):
            yield data, at
            (step,) = struct.unpack_from(f"{self._header.order}I", data, at + link)
            if step < size:  # 0 ends the chain; less than a record is a lie
                return
            at += step

    def _room(self, address: int) -> int:
        """Bytes from ``address`` to the end of its segment: the tables do not say their size."""
        ends = (
            s.address + s.size
            for s in self._segments
            if s.is_load and 0 <= address - s.address < s.size
        )
        return min(next(ends, address) - address, _MAX_VERSIONS)


def _text(data: bytes, start: int) -> str:
    end = data.find(b"\0", start, start + _MAX_NAME)
    if start >= len(data) or end < 0:
        raise ArchiveError("an ELF object names something outside of its string table")
    return data[start:end].decode(errors="surrogateescape")
