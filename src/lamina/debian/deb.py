"""A .deb package: its control files and its files, read as a stream (deb(5))."""

import gzip
import importlib
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from lamina.debian.tar_members import Member, members
from lamina.errors import ArchiveError

_MAGIC = b"!<arch>\n"
_HEADER = 60
_CONTROL_LIMIT = 64 << 20
_DATA_LIMIT = 16 << 30
_XZ_MEMORY = 512 << 20
_MEMBERS = ("debian-binary", "control.tar", "data.tar")
_BROKEN = (lzma.LZMAError, zlib.error, EOFError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """Where one member of the ar archive lies in the file."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """A package whose outer structure is right; ``scripts`` has the text of postinst and others."""

    path: Path
    control: str
    scripts: dict[str, str]
    data: _Section

    def members(self) -> Iterator[Member]:
        """Yield the files of the package in their order, one in memory at a time.

        Raises ``ArchiveError`` for a malformed or hostile archive.
        """
        yield from _tar(self.path, self.data, limit=_DATA_LIMIT)


def read_deb(path: Path) -> Deb:
    """Read the outer structure and the control files of a .deb.

    Raises ``ArchiveError`` unless it is debian-binary, control.tar, data.tar and nothing else.
    """
    _, control, data = _sections(path)
    files = {
        member.name: member.data
        for member in _tar(path, control, limit=_CONTROL_LIMIT)
        if member.kind == "file"
    }
    if "control" not in files:
        raise ArchiveError("the package has no control file", where=path.name)
    return Deb(
        path=path,
        control=_text(files.pop("control"), path),
        # Scripts are only looked at for literal calls, so odd bytes in them do no harm.
        scripts={name: body.decode(errors="replace") for name, body in files.items()},
        data=data,
    )


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ArchiveError("the control file is not UTF-8", where=path.name) from error


def _sections(path: Path) -> tuple[_Section, ...]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise ArchiveError("it is not a .deb package", where=path.name)
        found = [s for s in _ar_members(stream, size, path.name) if not s.name.startswith("_")]
        stems = tuple(_stem(section.name) for section in found)
        if stems != _MEMBERS:
            raise ArchiveError(
                "a .deb must hold debian-binary, control.tar and data.tar in this order",
                where=path.name,
                why=", ".join(section.name for section in found[:8]),
            )
        stream.seek(found[0].offset)
        if not stream.read(min(found[0].size, 16)).startswith(b"2."):
            raise ArchiveError("it is not a .deb of format 2", where=path.name)
    return tuple(found)


def _ar_members(stream: BinaryIO, size: int, where: str) -> Iterator[_Section]:
    offset = len(_MAGIC)
    while offset < size:
        stream.seek(offset)
        header = stream.read(_HEADER)
        digits = header[48:58].strip()
        if len(header) != _HEADER or header[58:] != b"`\n" or not digits.isdigit():
            raise ArchiveError("the ar archive is malformed", where=where)
        name = header[:16].decode("ascii", "replace").strip().removesuffix("/")
        section = _Section(name=name, offset=offset + _HEADER, size=int(digits))
        if section.offset + section.size > size:
            raise ArchiveError("the package is cut off", where=where)
        yield section
        offset = section.offset + section.size + section.size % 2


def _stem(name: str) -> str:
    return name.partition(".tar")[0] + ".tar" if ".tar" in name else name


def _tar(path: Path, section: _Section, *, limit: int) -> Iterator[Member]:
    where = f"{path.name}, {section.name}"
    try:
        with _unpacked(path, section) as stream:
            yield from members(stream, where=where, limit=limit)
    except _BROKEN as error:
        raise ArchiveError(
            "the package is damaged: it cannot be decompressed", where=where, why=str(error)
        ) from error


@contextmanager
def _unpacked(path: Path, section: _Section) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        raw = io.BufferedReader(_Part(file, section.offset, section.size), 1 << 18)
        yield _decompressor(raw, section.name.removeprefix(_stem(section.name)), path)


def _decompressor(raw: BinaryIO, suffix: str, path: Path) -> BinaryIO:
    match suffix:
        case "":
            return raw
        case ".xz":
            return cast("BinaryIO", io.BufferedReader(_Xz(raw), 1 << 18))
        case ".gz":
            return cast("BinaryIO", gzip.GzipFile(fileobj=raw))
        case ".zst":
            return _zstd(raw, path)
        case _:
            raise ArchiveError(f"compression {suffix[1:]!r} is not supported", where=path.name)


def _zstd(raw: BinaryIO, path: Path) -> BinaryIO:
    for module in ("compression.zstd", "backports.zstd"):  # the stdlib's, from Python 3.14 on
        try:
            return cast("BinaryIO", importlib.import_module(module).ZstdFile(raw))
        except ImportError:
            continue
    try:
        return cast("BinaryIO", importlib.import_module("zstandard").open(raw, "rb"))
    except ImportError:
        raise ArchiveError(
            "this package is compressed with zstd, which this Python cannot read",
            where=path.name,
            hint="run lamina with Python 3.14, or install the distribution zstandard beside it",
        ) from None


class _Part(io.RawIOBase):
    """A section of a file as a file of its own."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file = file
        self._left = size
        file.seek(offset)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


class _Xz(io.RawIOBase):
    """An xz stream with a limit on the memory that its dictionary may ask for."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = b""
        while not data and not self._decompressor.eof:
            packed = self._raw.read(1 << 16) if self._decompressor.needs_input else b""
            if not packed and self._decompressor.needs_input:
                raise EOFError("the xz stream is cut off")
            data = self._decompressor.decompress(packed, len(buffer))
        buffer[: len(data)] = data
        return len(data)
