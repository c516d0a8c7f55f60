"""Receivers: what becomes of a download's answers, one after another; no network."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from lamina.errors import IntegrityError, NetworkError, StoreError
from lamina.http.fields import number_of
from lamina.oci.digest import Digest

_CHUNK = 1 << 18
_PARTIAL_CONTENT = 206

Progress = Callable[[int], None]
"""Receives the number of bytes that are there."""


class Response(Protocol):
    """What of the HTTP library's response is used here."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, whatever the case of their names."""

    def stream(self, amt: int) -> Iterator[bytes]:
        """Give the body in parts."""


class Receiver(Protocol):
    """Takes answers: ``received`` bytes are there; ``shown`` is the address without secrets."""

    shown: str
    received: int

    @property
    def wanted(self) -> str:
        """What to ask for, as a Range header says it (RFC 9110, section 14.2); empty for all."""

    def receive(self, response: Response) -> bool:
        """Take the answer, or say that it is not the one that was asked for."""


class RangesIgnoredError(NetworkError):
    """The server sends whole files, whatever part is asked for."""


class Size:
    """The size of a body, from an answer without one."""

    received = 0
    wanted = ""

    def __init__(self, *, shown: str) -> None:
        self.shown = shown
        self.answer = 0

    def receive(self, response: Response) -> bool:
        """Read the length; raise ``NetworkError`` where there is none."""
        length = number_of(response.headers.get("Content-Length", ""))
        if length is None:
            raise NetworkError("the server does not say how long the file is", where=self.shown)
        self.answer = length
        return True


class Transfer:
    """The bytes of one download so far, over all attempts."""

    def __init__(self, *, path: Path, size: int | None, progress: Progress, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.received = 0
        self._size = size
        self._progress = progress
        self._hasher = hashlib.sha256()

    @property
    def wanted(self) -> str:
        """The rest, once there is a beginning."""
        return f"bytes={self.received}-" if self.received else ""

    def receive(self, response: Response) -> bool:
        """Append the body; start over where the server ignores our range."""
        continues = _continues(response, self.received)
        if not continues:
            self.received = 0
            self._hasher = hashlib.sha256()
        if not continues and response.status == _PARTIAL_CONTENT:
            return False
        try:
            self._append(response)
        except OSError as error:
            raise StoreError(
                f"cannot write: {error.strerror or error}", where=str(self.path)
            ) from error
        return True

    def _append(self, response: Response) -> None:
        with self.path.open("r+b" if self.received else "wb") as file:
            file.seek(self.received)
            file.truncate()
            for chunk in response.stream(_CHUNK):
                self.received += len(chunk)
                if self._size is not None and self.received > self._size:
                    raise IntegrityError(
                        f"more than the promised {self._size} bytes", where=self.shown
                    )
                file.write(chunk)
                self._hasher.update(chunk)
                self._progress(self.received)

    def check(self, expected: Digest | None) -> None:
        """Raise ``IntegrityError`` unless all is there, with the ``expected`` digest."""
        if self._size is not None and self.received < self._size:
            raise IntegrityError(f"less than the promised {self._size} bytes", where=self.shown)
        if expected is not None and self._hasher.hexdigest() != expected.hex:
            raise IntegrityError(
                "the file is not the one that was asked for",
                where=self.shown,
                why=f"expected sha256 {expected.hex}, got {self._hasher.hexdigest()}",
                hint="lock again if the file was replaced on purpose; otherwise distrust the index",
            )


class Part:
    """The bytes from ``start`` to before ``stop`` of a body, over all attempts."""

    def __init__(self, *, start: int, stop: int, shown: str) -> None:
        self.shown = shown
        self.received = 0
        self._start = start
        self._stop = stop
        self._pieces: list[bytes] = []

    @property
    def data(self) -> bytes:
        """What has come so far."""
        return b"".join(self._pieces)

    @property
    def wanted(self) -> str:
        """What is missing; the last number is that of the last byte."""
        return f"bytes={self._start + self.received}-{self._stop - 1}"

    def receive(self, response: Response) -> bool:
        """Append the body; raise ``RangesIgnoredError`` for an answer that is the whole."""
        if response.status != _PARTIAL_CONTENT:
            raise RangesIgnoredError("the server does not send parts of files", where=self.shown)
        if not _continues(response, self._start + self.received):
            return False
        for chunk in response.stream(_CHUNK):
            self.received += len(chunk)
            if self._start + self.received > self._stop:
                raise IntegrityError("the server sends more than it is asked for", where=self.shown)
            self._pieces.append(chunk)
        return self._start + self.received == self._stop


def _continues(response: Response, start: int) -> bool:
    content_range = response.headers.get("Content-Range", "")
    return response.status == _PARTIAL_CONTENT and content_range.startswith(f"bytes {start}-")
