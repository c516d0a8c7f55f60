"""Gzip members made without compressing: spliced deflate streams, and tar headers packed by rule.

A gzip file is a sequence of members (RFC 1952, section 2.2), and its content is the concatenation
of theirs.  So the deflate stream that a wheel holds for a file becomes a member by itself, and only
what lies between files, tar headers and padding, has to be encoded here.  That encoding is ours
and fixed (RFC 1951, section 3.2.6, fixed Huffman codes and runs), so that the bytes of a layer
depend on no compression library.
"""

import re
import zlib
from functools import lru_cache
from typing import Final

MEMBER_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No name, no time, unknown operating system: ten bytes before every deflate stream."""

_STORED_LIMIT: Final = 0xFFFF
_PACKED_LIMIT: Final = 1 << 16
_SHORTEST_MATCH: Final = 3
_LONGEST_MATCH: Final = 258
_RUNS = re.compile(rb"(\x00{4,}|0{4,})")  # what tar headers are full of


def trailer(crc: int, size: int) -> bytes:
    """Return a member's last eight bytes: CRC-32 and length modulo 2**32 of its content."""
    return crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def member(data: bytes) -> bytes:
    """Encode ``data`` as one member: short data packed by rule, long data stored."""
    body = _packed(data) if len(data) <= _PACKED_LIMIT else stored(data, last=True)
    return b"%b%b%b" % (MEMBER_HEADER, body, trailer(zlib.crc32(data), len(data)))


def stored(data: bytes, *, last: bool) -> bytes:
    """Return ``data`` as stored deflate blocks, the final one marked when ``last``."""
    if not data:
        return b"\x01\x00\x00\xff\xff" if last else b""
    blocks = []
    for start in range(0, len(data), _STORED_LIMIT):
        block = data[start : start + _STORED_LIMIT]
        final = last and start + _STORED_LIMIT >= len(data)
        length = len(block).to_bytes(2, "little")
        complement = (len(block) ^ 0xFFFF).to_bytes(2, "little")
        blocks.append(b"%c%b%b%b" % (final, length, complement, block))
    return b"".join(blocks)


def _packed(data: bytes) -> bytes:
    """Encode as one final block of fixed codes; runs of zeros become matches.

    Bits are collected first to last in one integer, and turned round byte by byte at the end,
    because deflate fills bytes from the least significant bit.
    """
    bits, count = 0b110, 3  # BFINAL=1, BTYPE=01, least significant bit first
    for number, part in enumerate(_RUNS.split(data)):
        code, length = _run(part) if number % 2 else _literals(part)
        bits, count = bits << length | code, count + length
    count += 7  # the end-of-block code: seven zeros
    spare = -count % 8
    return (bits << 7 + spare).to_bytes((count + spare) // 8, "big").translate(_REVERSED)


@lru_cache(maxsize=1 << 12)  # most of what stands between runs stands in every header
def _literals(data: bytes) -> tuple[int, int]:
    """Encode bytes one by one; return the code and its length in bits."""
    if data.isascii():  # eight bits each, and one addition apart from the byte itself
        return int.from_bytes(data.translate(_SHORT_CODES), "big"), 8 * len(data)
    text = "".join(map(_LITERALS.__getitem__, data))
    return int(text, 2), len(text)


@lru_cache(maxsize=1 << 12)
def _run(data: bytes) -> tuple[int, int]:
    """Encode equal bytes: the first, then copies of what is one byte back."""
    byte, left = data[0], len(data) - 1
    bits = _LITERALS[byte]
    while left >= _SHORTEST_MATCH:
        step = min(left, _LONGEST_MATCH)
        bits += _match(step)
        left -= step
    bits += _LITERALS[byte] * left
    return int(bits, 2), len(bits)


def _match(length: int) -> str:
    """Encode a match of 3 to 258 bytes at distance 1 (RFC 1951, section 3.2.5)."""
    symbol, extra, base = next(row for row in reversed(_LENGTHS) if row[2] <= length)
    code = _code(symbol)
    tail = f"{length - base:0{extra}b}"[::-1] if extra else ""
    return code + tail + "00000"


def _code(symbol: int) -> str:
    """Return the fixed Huffman code of a literal or length symbol (section 3.2.6)."""
    if symbol < 144:  # noqa: PLR2004 - the four rows of the specification's table
        return f"{0x30 + symbol:08b}"
    if symbol < 256:  # noqa: PLR2004
        return f"{0x190 + symbol - 144:09b}"
    if symbol < 280:  # noqa: PLR2004
        return f"{symbol - 256:07b}"
    return f"{0xC0 + symbol - 280:08b}"


def _lengths() -> list[tuple[int, int, int]]:
    """List (symbol, extra bits, first length) for every length symbol."""
    rows, base = [], 3
    for symbol in range(257, 285):
        extra = max(0, (symbol - 261) // 4)
        rows.append((symbol, extra, base))
        base += 1 << extra
    rows.append((285, 0, _LONGEST_MATCH))
    return rows


_LENGTHS: Final = _lengths()
_LITERALS: Final = [_code(byte) for byte in range(256)]
_SHORT_CODES: Final = bytes(0x30 + min(byte, 143) for byte in range(256))
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
