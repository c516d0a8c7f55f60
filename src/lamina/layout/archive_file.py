"""A tar on disk by its members, each of which can be opened by itself, in any order.

A plain tar is read where it lies.  A compressed one, and one that comes from elsewhere, is first
written out to a file without a name, which is gone when it is closed.
"""

import io
import os
import posixpath
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

from lamina.errors import ArchiveError, ImageError, StoreError
from lamina.layer.decompress import DEFAULT_LIMITS, Decompressed, Limits
from lamina.layer.entries import LayerReader
from lamina.oci.descriptor import Descriptor

_COPY = 1 << 20
_MAGICS = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
_MOST_MEMBERS = 20_000
_MOST_LINKS = 8
_WHAT = "archive"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a member's content is; a link has none, and leads to ``target``."""

    start: int
    size: int
    target: str = ""


class ArchiveFile:
    """The members of a tar that is open as ``file``; whoever opened that closes it."""

    def __init__(self, file: BinaryIO, *, where: str) -> None:
        self.where = where
        self._file = file
        limits = Limits(members=_MOST_MEMBERS)
        reader = LayerReader(file, where=where, what=_WHAT, limits=limits)
        self._places: dict[str, _Place] = {}
        for member in reader:
            if member.kind == "symlink":
                target = posixpath.join(posixpath.dirname(member.path), member.target)
                self._places[member.path] = _Place(0, 0, posixpath.normpath(target))
            elif member.kind == "hardlink":
                self._places[member.path] = _Place(0, 0, member.target)
            elif member.kind == "file":
                self._places[member.path] = _Place(reader.position, member.size)

    def __contains__(self, name: str) -> bool:
        """Say whether there is a file called ``name``, or a link that leads to one."""
        return self._find(name) is not None

    def size(self, name: str) -> int:
        """Say how many bytes a member has; raise ``ImageError`` where it is missing."""
        return self._place(name).size

    def open(self, name: str) -> BinaryIO:
        """Open a member; raise ``ImageError`` where it is missing."""
        place = self._place(name)
        raw = _Slice(self._file.fileno(), place.start, place.size)
        return cast("BinaryIO", io.BufferedReader(raw, _COPY))

    def read(self, name: str, *, limit: int = 8 << 20) -> bytes:
        """Read a small member whole; raise ``ImageError`` where it is missing or larger."""
        if self.size(name) > limit:
            raise ImageError(f"{name} is larger than {limit} bytes", where=self.where)
        with self.open(name) as stream:
            return stream.read()

    def _place(self, name: str) -> _Place:
        place = self._find(name)
        if place is None:
            raise ImageError(f"there is no {name[:200]!r} in the archive", where=self.where)
        return place

    def _find(self, name: str) -> _Place | None:
        place = self._places.get(name)
        for _ in range(_MOST_LINKS):
            if place is None or not place.target:
                return place
            place = self._places.get(place.target)
        return None


class ArchiveBlobs:
    """The blobs of an OCI layout in a tar, as a ``Content``."""

    def __init__(self, archive: ArchiveFile) -> None:
        self._archive = archive

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob; raise ``ImageError`` when it is missing or has another size."""
        name = f"blobs/sha256/{descriptor.digest.hex}"
        if self._archive.size(name) != descriptor.size:
            raise ImageError(
                f"the blob {descriptor.digest} has the wrong size", where=self._archive.where
            )
        return self._archive.open(name)


@contextmanager
def open_archive(path: Path, scratch: Path) -> Iterator[ArchiveFile]:
    """Open the archive at ``path``; a compressed one is written out in the folder ``scratch``.

    Raises ``ImageError`` where it cannot be read, and ``ArchiveError`` for a malformed one.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    with file:
        if not file.peek(4)[:4].startswith(_MAGICS):
            yield ArchiveFile(file, where=str(path))
            return
        with received(lambda write: _unpack(file, write, str(path)), scratch, str(path)) as found:
            yield found


@contextmanager
def received(
    pour: Callable[[Callable[[bytes], object]], None], scratch: Path, where: str
) -> Iterator[ArchiveFile]:
    """Write out what ``pour`` gives to a file without a name in ``scratch``, and open that."""
    try:
        file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - closed below
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(scratch)) from error
    with file:
        pour(lambda data: _write(file, data, scratch))
        file.flush()
        file.seek(0)
        yield ArchiveFile(cast("BinaryIO", file), where=where)


def _write(file: "tempfile._TemporaryFileWrapper[bytes] | BinaryIO", data: bytes, at: Path) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise StoreError(
            f"cannot write: {error.strerror}", where=str(at), hint="free some space"
        ) from error


def _unpack(file: BinaryIO, write: Callable[[bytes], object], where: str) -> None:
    def refuse(problem: str) -> NoReturn:
        raise ArchiveError(f"the {_WHAT} {problem}", where=where)

    plain = Decompressed(file, limits=DEFAULT_LIMITS, refuse=refuse)
    while data := plain.read(_COPY):
        write(data)


class _Slice(io.RawIOBase):
    """A part of a file, which others may read at the same time."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._at = start
        self._end = start + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = os.pread(self._descriptor, min(len(buffer), self._end - self._at), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
