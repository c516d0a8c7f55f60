"""Zips written field by field, so that any one of them can lie."""

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

DEFLATED, STORED = 8, 0


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A member; ``local`` and ``central`` replace fields of one of its two headers by name.

    ``packed`` replaces the deflate stream; ``after`` are bytes between it and what follows.
    """

    name: str | bytes
    data: bytes = b""
    method: int = DEFLATED
    packed: bytes | None = None
    flags: int = 0
    mode: int = 0o100644
    extra: bytes = b""
    local: Mapping[str, object] = field(default_factory=dict)
    central: Mapping[str, object] = field(default_factory=dict)
    after: bytes = b""

    @property
    def stream(self) -> bytes:
        """What stands between the local header and the next."""
        if self.packed is not None:
            return self.packed
        return self.data if self.method == STORED else deflate(self.data)

    @property
    def fields(self) -> dict[str, object]:
        """The truth, which both headers tell unless told otherwise."""
        name = self.name.encode() if isinstance(self.name, str) else self.name
        return {
            "name": name,
            "flags": self.flags | (0 if name.isascii() else 0x800),
            "method": self.method,
            "crc": zlib.crc32(self.data),
            "packed": len(self.stream),
            "size": len(self.data),
            "extra": self.extra,
        }


def raw_zip(
    members: Sequence[Raw],
    *,
    before: bytes = b"",
    gap: bytes = b"",
    comment: bytes = b"",
    after: bytes = b"",
    shift: int = 0,
    end: Mapping[str, int] | None = None,
    zip64: Mapping[str, int] | None = None,
) -> bytes:
    """Write members, directory and end record.

    ``shift`` is added to offsets that do not count ``before``; ``end`` replaces numbers of the end
    record; ``zip64`` adds the 64-bit records, with some of their numbers replaced.
    """
    out, rows = bytearray(before), []
    for member in members:
        rows.append(_central({**member.fields, **member.central}, member.mode, len(out) + shift))
        out += _local({**member.fields, **member.local}) + member.stream + member.after
    out += gap
    directory, start = b"".join(rows), len(out)
    out += directory
    true = {"on_disk": len(rows), "count": len(rows), "size": len(directory), "offset": start}
    if zip64 is not None:
        record, wide = len(out), {**true, "disks": 1, **zip64}
        numbers = [wide[name] for name in true]
        out += struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, *numbers)
        out += struct.pack("<4sLQL", b"PK\6\7", 0, record, wide["disks"])
    short = {**true, **(end or {})}
    out += struct.pack("<4s2H", b"PK\5\6", 0, 0)
    out += struct.pack("<2H2LH", *(short[name] for name in true), len(comment))
    return bytes(out + comment + after)


def deflate(data: bytes, level: int = 6) -> bytes:
    """Compress to a raw deflate stream."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def extra_field(kind: int, body: bytes) -> bytes:
    """Write one extra field."""
    return struct.pack("<HH", kind, len(body)) + body


def replaced(members: Iterable[Raw], name: str, new: Raw) -> list[Raw]:
    """Put ``new`` in the place of the member called ``name``."""
    return [new if member.name == name else member for member in members]


def _local(row: Mapping[str, object]) -> bytes:
    name, extra = _bytes(row["name"]), _bytes(row["extra"])
    numbers = (row["flags"], row["method"], 0, 33, row["crc"], row["packed"], row["size"])
    return struct.pack("<4s3H2H3L2H", b"PK\3\4", 20, *numbers, len(name), len(extra)) + name + extra


def _central(row: Mapping[str, object], mode: int, offset: int) -> bytes:
    name, extra = _bytes(row["name"]), _bytes(row["extra"])
    numbers = (row["flags"], row["method"], 0, 33, row["crc"], row["packed"], row["size"])
    attributes = row.get("attributes", mode << 16)
    lengths = (len(name), len(extra), 0)
    where = row.get("offset", offset)
    head = struct.pack("<4s2B3H2H3L", b"PK\1\2", 20, 3, 20, *numbers)
    return head + struct.pack("<5H2L", *lengths, 0, 0, attributes, where) + name + extra


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
