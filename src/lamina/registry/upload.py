"""Upload: one blob into a repository, by the cheapest way that the registry offers."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable
from io import BufferedReader, BytesIO
from typing import BinaryIO, cast

from lamina.errors import NetworkError
from lamina.events import Transfer
from lamina.http.exchange import Body, InterruptedExchangeError, TimedOutError
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.registry.client import RegistryClient
from lamina.registry.error import RefusedError, asked_wait_s
from lamina.registry.verified import VerifiedReader

Open = Callable[[Descriptor], BinaryIO]
Progress = Callable[[int], None]
"""Receives the number of bytes that were sent."""

_SESSION_LOST = frozenset({404, 416})
_OUT_OF_ORDER = 416
_BODY_TOO_LARGE = 413
_GATEWAY_TIMED_OUT = 504
_MOST_TIMEOUTS = 2  # each is a quarter of an hour or more
_CHUNK_WHERE_BODIES_ARE_LIMITED = 16 << 20
_BUFFER = 1 << 18


class Uploader:
    """Sends blobs to one repository, each once; ``chunk_size`` in bytes cuts them where not 0.

    Proxies with a limit on request bodies need chunks; a registry may ask for larger ones.  Safe to
    share between threads.
    """

    def __init__(self, client: RegistryClient, *, chunk_size: int = 0) -> None:
        self._client = client
        self._chunk_size = chunk_size
        self._done: set[Digest] = set()
        self._locks: defaultdict[Digest, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def transfer(
        self,
        descriptor: Descriptor,
        open_blob: Open,
        *,
        progress: Progress = lambda _: None,
        is_missing: bool = False,
    ) -> Transfer:
        """Bring the blob into the repository; ``open_blob`` is called only if it has to be sent.

        ``is_missing`` is for a blob that the registry says it has and then does not find.  Raises
        ``NetworkError`` when that fails again and again: an upload is always begun anew, because
        what became of a broken one is not known.
        """
        with self._lock:
            lock = self._locks[descriptor.digest]
        with lock:
            if not is_missing and self._is_there(descriptor):
                return Transfer.PRESENT
            location, is_mounted = self._mount(descriptor)
            if not is_mounted:
                sending = _Sending(self._client, descriptor, open_blob, progress, self._chunk_size)
                sending.run(location)
            self._done.add(descriptor.digest)
        return Transfer.MOUNTED if is_mounted else Transfer.UPLOADED

    def _is_there(self, descriptor: Descriptor) -> bool:
        if descriptor.digest not in self._done and self._client.has_blob(descriptor):
            self._done.add(descriptor.digest)
        return descriptor.digest in self._done

    def _mount(self, descriptor: Descriptor) -> tuple[str | None, bool]:
        """Try the repositories that may have it; return an upload that was opened, if any.

        A registry that refuses a mount may well take the blob itself.
        """
        location: str | None = None
        for source in self._client.mounts:
            if location is not None:
                _cancel(self._client, location)
            location = None
            with contextlib.suppress(RefusedError, InterruptedExchangeError):
                location = self._client.mount(descriptor, source)
                if location is None:
                    return None, True
        return location, False


class _LostError(NetworkError):
    """The registry no longer knows what of an upload is there."""


class _Sending:
    """One blob on its way, over as many attempts as it takes."""

    def __init__(
        self,
        client: RegistryClient,
        descriptor: Descriptor,
        open_blob: Open,
        progress: Progress,
        chunk_size: int,
    ) -> None:
        self._client = client
        self._descriptor = descriptor
        self._open_blob = open_blob
        self._progress = progress
        self._chunk_size = chunk_size
        self._location: str | None = None
        self._has_failed = False
        self._timeouts = 0
        self._is_out_of_patience = False

    def run(self, location: str | None) -> None:
        """Send the blob, at first to where an upload is open."""
        self._location = location
        try:
            self._client.retries.run(self._attempt, self._wait_s)
        except NetworkError as error:
            if asked_wait_s(error) is None or not self._is_there_after_all():
                raise

    def _attempt(self) -> None:
        if self._has_failed and self._client.has_blob(self._descriptor, is_final=True):
            return  # only the answer was lost
        least = 0
        if self._location is None:
            self._location, least = self._client.start_upload()
        try:
            self._send(self._location, least)
        except NetworkError as error:
            self._has_failed = True
            if not _may_be_storing(error):
                _cancel(self._client, self._location)
            self._location = None
            raise

    def _is_there_after_all(self) -> bool:
        with contextlib.suppress(NetworkError):
            return self._client.has_blob(self._descriptor, is_final=True)
        return False

    def _wait_s(self, error: NetworkError) -> float | None:
        """Say how long to wait before another attempt, which may be in chunks."""
        self._timeouts += isinstance(error, TimedOutError)
        if self._is_out_of_patience or self._timeouts == _MOST_TIMEOUTS:
            return None
        status = error.status if isinstance(error, RefusedError) else 0
        if status == _BODY_TOO_LARGE and not self._chunk_size:
            self._chunk_size = _CHUNK_WHERE_BODIES_ARE_LIMITED
            return 0.0
        if self._has_failed and (status in _SESSION_LOST or isinstance(error, _LostError)):
            return 0.0
        return asked_wait_s(error)

    def _send(self, location: str, least: int) -> None:
        size = max(self._chunk_size, least) if self._chunk_size else 0
        if size and self._descriptor.size > size:
            self._send_chunks(size)
            self._client.finish_upload(self._location or location, self._descriptor, None)
            return
        body = Body(open=self._opened, size=self._descriptor.size)
        self._client.finish_upload(location, self._descriptor, body)

    def _opened(self) -> BinaryIO:
        source = self._open_blob(self._descriptor)
        reader = VerifiedReader(source, self._descriptor, self._progress)
        return cast("BinaryIO", BufferedReader(reader, _BUFFER))

    def _send_chunks(self, size: int) -> None:
        """Send the blob piece by piece (spec, "Pushing a blob in chunks")."""
        position = 0
        with self._opened() as file:
            while chunk := file.read(size):
                _Chunk(self, position, chunk).run()
                position += len(chunk)

    def send_part(self, start: int, data: bytes) -> int:
        """Send bytes from ``start`` on; return how many the registry has then."""
        self._location, arrived = self._client.send_chunk(
            str(self._location), start, Body(open=lambda: BytesIO(data), size=len(data))
        )
        return arrived

    def arrived(self) -> int:
        """Ask how many bytes the registry has."""
        self._location, arrived = self._client.upload_status(str(self._location))
        return arrived

    def retry(self, act: Callable[[], None]) -> None:
        """Go on with a chunk where the registry says it is, as long as that may help.

        When it has been tried often enough, so has the blob.
        """
        try:
            self._client.retries.run(act, _chunk_wait_s)
        except NetworkError as error:
            self._is_out_of_patience = asked_wait_s(error) is not None
            raise


class _Chunk:
    """A piece of a blob, kept until all of it has arrived."""

    def __init__(self, sending: _Sending, start: int, data: bytes) -> None:
        self._sending = sending
        self._start = start
        self._data = data
        self._position = start
        self._is_unsure = False

    def run(self) -> None:
        self._sending.retry(self._attempt)

    def _attempt(self) -> None:
        end = self._start + len(self._data)
        if self._is_unsure:
            self._go_on_at(self._sending.arrived(), self._start)
        while self._position < end:
            self._is_unsure = True
            arrived = self._sending.send_part(
                self._position, self._data[self._position - self._start :]
            )
            self._go_on_at(arrived, self._position + 1)

    def _go_on_at(self, arrived: int, least: int) -> None:
        if not least <= arrived <= self._start + len(self._data):
            raise _LostError(f"the registry says that {arrived} bytes of an upload are there")
        self._position, self._is_unsure = arrived, False


def _chunk_wait_s(error: NetworkError) -> float | None:
    is_out_of_order = isinstance(error, RefusedError) and error.status == _OUT_OF_ORDER
    return 0.0 if is_out_of_order else asked_wait_s(error)


def _may_be_storing(error: NetworkError) -> bool:
    """Say whether only we, or a proxy, stopped waiting: then the registry is left to go on."""
    is_gateway = isinstance(error, RefusedError) and error.status == _GATEWAY_TIMED_OUT
    return is_gateway or isinstance(error, TimedOutError)


def _cancel(client: RegistryClient, location: str) -> None:
    with contextlib.suppress(NetworkError):
        client.cancel_upload(location)
