"""A shared object without its symbols: all of a wheel that a layer compresses again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from isal import isal_zlib

from lamina.elf.strip import strip
from lamina.layer.compress import deflate

LARGEST: Final = 512 << 20
"""Bytes of an object from which it is left as it is, because it would have to be in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanObject:
    """The bytes that are left, in pieces, with their number and CRC-32."""

    pieces: tuple[bytes | memoryview, ...]
    size: int
    crc: int

    def __iter__(self) -> Iterator[bytes]:
        """Yield a raw deflate stream, in pieces."""
        return deflate(self.pieces)


def without_symbols(data: bytearray) -> LeanObject | None:
    """Strip an object; None where there is nothing to gain."""
    pieces = strip(data)
    if pieces is None:
        return None
    crc = 0
    for piece in pieces:
        crc = isal_zlib.crc32(piece, crc)
    return LeanObject(pieces=pieces, size=sum(map(len, pieces)), crc=crc)


def gather(pieces: Iterable[bytes], *, size: int) -> bytearray:
    """Join pieces of ``size`` bytes in all, in memory once and not twice."""
    data = bytearray(size)
    end = 0
    for piece in pieces:
        data[end : end + len(piece)] = piece
        end += len(piece)
    return data
