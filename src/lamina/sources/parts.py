"""Wheels looked into where they are: a few kilobytes of each, instead of all of it."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lamina.errors import NetworkError
from lamina.http.receivers import RangesIgnoredError
from lamina.layer.zip_directory import LocalFile, Ranged
from lamina.lock.lock import LockedWheel
from lamina.protocols import RangeReader, Source
from lamina.steps import Step
from lamina.store.blobs import has_digest
from lamina.store.store import Store

_TAIL = 1 << 17
"""Of most wheels this is the whole directory, and the metadata, which stand before it."""

_LEAST = 1 << 14


class RemoteFile:
    """A file behind HTTP of which only what is asked for is fetched, its end first; one thread."""

    def __init__(self, reader: RangeReader, url: str, size: int) -> None:
        self._reader = reader
        self._url = url
        self.size = size
        self.fetched = 0
        self._tail_start = max(0, size - _TAIL)
        self._tail = self._fetch(self._tail_start, size)
        self._pieces: list[tuple[int, bytes]] = []

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset`` on, fewer only where the file ends."""
        stop = min(offset + length, self.size)
        if offset < self._tail_start < stop:  # what touches the end makes it longer
            self._tail = self._fetch(offset, self._tail_start) + self._tail
            self._tail_start = offset
        for start, data in ((self._tail_start, self._tail), *self._pieces):
            if start <= offset and stop <= start + len(data):
                return data[offset - start : stop - start]
        until = min(max(stop, offset + _LEAST), self._tail_start)
        self._pieces.append((offset, self._fetch(offset, until)))
        return self._pieces[-1][1][: stop - offset]

    def close(self) -> None:
        """Forget what was fetched."""
        self._pieces, self._tail, self._tail_start = [], b"", self.size

    def _fetch(self, start: int, stop: int) -> bytes:
        data = self._reader.read_range(self._url, start, stop) if start < stop else b""
        self.fetched += len(data)
        return data


class WheelParts:
    """Opens wheels for who needs no more than their directories.

    Nothing vouches for what is read: a digest is that of a whole file.  It may be weighed, and
    must not be built from.
    """

    def __init__(
        self, reader: RangeReader, source: Source, store: Store, *, offline: bool = False
    ) -> None:
        self._reader = reader
        self._source = source
        self._store = store
        self._offline = offline

    def open(self, wheel: LockedWheel, step: Step) -> Ranged:
        """Open the wheel in the store, at its ``file:`` address, or behind HTTP; the caller closes.

        From a server that sends whole files only it is fetched into the store.  Raises
        ``NetworkError``.
        """
        stored = self._store.wheel_path(wheel.digest)
        scheme = urlsplit(wheel.url).scheme
        if has_digest(stored, wheel.digest):
            return LocalFile(stored)
        if scheme == "file" and (path := Path(unquote(urlsplit(wheel.url).path))).is_file():
            return LocalFile(path)
        if scheme not in {"http", "https"}:
            return LocalFile(self._whole(wheel, step))  # or an error that says what is wrong
        if self._offline:
            raise NetworkError(
                f"{wheel.filename} is not in the store", hint="run once without --offline"
            )
        try:
            return RemoteFile(self._reader, wheel.url, wheel.size or self._reader.size(wheel.url))
        except RangesIgnoredError:
            path = self._whole(wheel, step)
            return LocalFile(path, fetched=path.stat().st_size)

    def _whole(self, wheel: LockedWheel, step: Step) -> Path:
        return self._source.fetch(wheel, step.child(f"fetch {wheel.filename}"))
