"""Decompress a stream of any size: plain, gzip of many members, or zstd; bombs are refused."""

import contextlib
import importlib
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn, cast

from isal import igzip, isal_zlib

_CHUNK = 256 << 10
GRACE = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a layer stops being plausible: total bytes, members, and bytes out per byte in.

    The ratio counts from 64 MiB on, so that small files of zeros pass.
    """

    size: int = 256 << 30
    members: int = 2_000_000
    ratio: int = 200


DEFAULT_LIMITS = Limits()


class Decompressed:
    """What is inside a stream, decompressed as its first bytes ask, and never more than allowed.

    ``refuse`` is called with the rest of a sentence about the stream, and must raise.
    """

    def __init__(
        self, stream: BinaryIO, *, limits: Limits, refuse: Callable[[str], NoReturn]
    ) -> None:
        self._raw = _Counted(stream)
        self._limits = limits
        self._refuse = refuse
        self._produced = 0
        buffered = io.BufferedReader(self._raw, _CHUNK)
        self._plain = _open(cast("BinaryIO", buffered), buffered.peek(4)[:4], refuse)

    @property
    def position(self) -> int:
        """How many bytes were read so far."""
        return self._produced

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes; fewer only at the end."""
        try:
            data = self._plain.read(size)
        except _decoding_errors() as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk failed, not the layer
            self._refuse(f"does not decompress: {error}")
        self._produced += len(data)
        is_bomb = self._produced > GRACE and self._produced > self._limits.ratio * self._raw.count
        if is_bomb or self._produced > self._limits.size:
            self._refuse("decompresses to more than is plausible")
        return data


class _Counted(io.RawIOBase):
    """A stream that knows how much was read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def _open(stream: BinaryIO, magic: bytes, refuse: Callable[[str], NoReturn]) -> BinaryIO:
    if magic[:2] == b"\x1f\x8b":
        reader = igzip.IGzipFile(fileobj=stream, mode="rb")  # type: ignore[no-untyped-call]
        return cast("BinaryIO", reader)
    if magic == b"\x28\xb5\x2f\xfd":
        zstd = _zstd()
        if zstd is None:
            refuse("is compressed with zstd, which this Python cannot read (3.14 can)")
        return cast("BinaryIO", zstd.ZstdFile(stream, "rb"))
    return stream


def _zstd() -> Any:  # noqa: ANN401 - a module that may not exist
    """Import what reads zstd, of Python 3.14 or its backport; None if there is neither."""
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    return None


def _decoding_errors() -> tuple[type[Exception], ...]:
    zstd = _zstd()
    known = (OSError, EOFError, ValueError, zlib.error, cast("type[Exception]", isal_zlib.error))
    return (*known, zstd.ZstdError) if zstd else known
