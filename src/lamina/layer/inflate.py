"""inflate(): what a raw deflate stream holds, checked against what its zip says of it."""

from collections.abc import Iterable, Iterator
from typing import cast

from isal import isal_zlib

from lamina.errors import ArchiveError

_WINDOW = 1 << 20
_RAW_DEFLATE = -15
_INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)


def inflate(pieces: Iterable[bytes], *, size: int, crc: int, where: str) -> Iterator[bytes]:
    """Yield what a raw deflate stream holds, in windows of at most 1 MiB.

    Raises ``ArchiveError`` unless that is ``size`` bytes with the CRC-32 ``crc``, and nothing
    follows.
    """
    inflater = isal_zlib.decompressobj(_RAW_DEFLATE)
    seen_crc = seen_size = 0
    try:
        for piece in pieces:
            for data in _inflate_piece(inflater, piece):
                seen_size += len(data)
                if seen_size > size:
                    raise ArchiveError("the file is longer than its zip says", where=where)
                seen_crc = isal_zlib.crc32(data, seen_crc)
                yield data
    except _INFLATE_ERROR as error:
        raise ArchiveError(f"the file cannot be inflated: {error}", where=where) from error
    if not inflater.eof or inflater.unused_data or (seen_size, seen_crc) != (size, crc):
        raise ArchiveError("the file is damaged: its CRC or size is wrong", where=where)


def _inflate_piece(inflater: "isal_zlib.Decompress", piece: bytes) -> Iterator[bytes]:
    """Yield what one more piece gives, in windows.

    A full window may leave output waiting even after the last byte of input.
    """
    if inflater.eof and piece:
        raise _INFLATE_ERROR("it has data behind its end")
    is_full = True
    while is_full and not inflater.eof:
        data = inflater.decompress(piece, _WINDOW)
        piece = inflater.unconsumed_tail
        is_full = len(data) == _WINDOW
        if data:
            yield data
