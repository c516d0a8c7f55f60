"""Pull: a repository as a ``Content``; every byte is checked on its way."""

import hashlib
import io
from typing import BinaryIO, cast

from lamina.errors import ImageError, IntegrityError, NetworkError
from lamina.http.exchange import Answer, InterruptedExchangeError
from lamina.http.fields import number_of
from lamina.image.load import fits, load_image
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.oci.parse import parse_index, parse_manifest
from lamina.oci.platform import Platform
from lamina.registry.client import RegistryClient
from lamina.registry.error import MissingError, RefusedError, asked_wait_s, shown

_CHUNK = 1 << 18
_DEEPEST = 8
_OK = 200
_PARTIAL_CONTENT = 206
_RANGE_REFUSED = 416
_WORTH_A_NEW_COUNT = 1 << 20  # bytes between two broken connections


class RemoteContent:
    """The manifests and blobs of a repository."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a manifest or blob for reading once, from its start; the caller closes it.

        Raises ``ImageError`` when it is not there.  Reading raises ``IntegrityError`` where the
        bytes are not those of ``descriptor``; a broken connection is taken up again where it broke.
        """
        if descriptor.media_type in media_type.MANIFESTS | media_type.INDEXES:
            return io.BytesIO(self._client.get_manifest(str(descriptor.digest))[1])
        return cast("BinaryIO", io.BufferedReader(_BlobStream(self._client, descriptor), _CHUNK))


def resolve(client: RegistryClient, reference: str, platform: Platform) -> tuple[Descriptor, Image]:
    """Find the index or manifest that a tag or digest stands for now, and its image.

    Raises ``NetworkError`` and ``ImageError``.
    """
    descriptor, _ = client.get_manifest(reference)
    return descriptor, load_image(RemoteContent(client), descriptor, platform)


def layers_of(client: RegistryClient, reference: str, platform: Platform) -> tuple[Descriptor, ...]:
    """List the layers of the image for ``platform``, by its manifest alone; none for no image.

    Raises ``NetworkError``, and ``ImageError`` for what is no image.
    """
    try:
        descriptor, data = client.get_manifest(reference)
    except MissingError:
        return ()
    where = f"{client.place}, {reference}"
    for _ in range(_DEEPEST):
        if descriptor.media_type in media_type.MANIFESTS:
            return parse_manifest(data, where=where)[1]
        rows = [row for row in parse_index(data, where=where) if fits(row, platform)]
        if not rows:
            return ()
        descriptor, data = client.get_manifest(str(rows[0].digest))
    raise ImageError(f"indexes are nested more than {_DEEPEST} deep", where=where)


class _BlobStream(io.RawIOBase):
    """One blob, over as many connections as it takes."""

    def __init__(self, client: RegistryClient, descriptor: Descriptor) -> None:
        super().__init__()
        self._client = client
        self._descriptor = descriptor
        self._answer: Answer | None = None
        self._received = 0
        self._hasher = hashlib.sha256()
        self._takes_ranges = True
        self._breaks = 0
        self._counted_from = 0
        if not descriptor.size:
            self._check()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self._descriptor.size - self._received
        if not left:
            return 0
        limit = min(len(buffer), left)
        data = self._read(limit)
        self._hasher.update(data)
        self._received += len(data)
        if self._received == self._descriptor.size:
            self._check()
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _read(self, limit: int) -> bytes:
        """Read at least a byte, over a new connection if need be."""

        def act() -> bytes:
            try:
                return self._read_once(limit)
            except InterruptedExchangeError as error:
                self._hang_up()
                self._count(error)
                raise

        return self._client.retries.run(act, asked_wait_s)

    def _read_once(self, limit: int) -> bytes:
        data = self._connected().read(limit)
        if not data:
            raise InterruptedExchangeError("the answer ended early", where=self._where)
        return data

    def _count(self, error: NetworkError) -> None:
        """Give up on a connection that breaks again and again without getting far."""
        if self._received - self._counted_from >= _WORTH_A_NEW_COUNT:
            self._counted_from, self._breaks = self._received, 0
        self._breaks += 1
        if self._breaks == self._client.retries.policy.attempts:
            raise NetworkError(
                f"the blob ends after {self._received} of {self._descriptor.size} bytes, "
                "again and again",
                where=self._where,
                hint=error.hint,
                why=error.why,
            ) from error

    def _connected(self) -> Answer:
        if self._answer is None:
            self._answer = self._ask()
            self._check_answer(self._answer)
            self._skip(self._answer)
        return self._answer

    def _ask(self) -> Answer:
        start = self._received if self._takes_ranges else 0
        try:
            return self._client.get_blob(self._descriptor, start=start)
        except RefusedError as error:
            if not start or error.status != _RANGE_REFUSED:
                raise
        self._takes_ranges = False
        return self._client.get_blob(self._descriptor)

    def _check_answer(self, answer: Answer) -> None:
        """Refuse at once what cannot become the blob."""
        named = answer.headers.get("docker-content-digest", "")
        if named.startswith("sha256:") and named != str(self._descriptor.digest):
            raise IntegrityError(f"the registry sends {shown(named)[:80]}", where=self._where)
        is_chunked = "transfer-encoding" in answer.headers  # then the length does not count
        length = None if is_chunked else number_of(answer.headers.get("content-length", ""))
        if answer.status == _OK and length not in {None, self._descriptor.size}:
            raise IntegrityError(
                f"the registry sends {length} bytes, and not {self._descriptor.size}",
                where=self._where,
            )

    def _skip(self, answer: Answer) -> None:
        """Pass over what is there already, where the registry sends more than was asked for."""
        start = _start(answer)
        if start is None or start > self._received:
            self._takes_ranges = False
            raise InterruptedExchangeError(
                "the registry sends other parts than it is asked for", where=self._where
            )
        left = self._received - start
        while left:
            data = answer.read(min(_CHUNK, left))
            if not data:
                raise InterruptedExchangeError("the answer ended early", where=self._where)
            left -= len(data)

    def _hang_up(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _check(self) -> None:
        if self._hasher.hexdigest() != self._descriptor.digest.hex:
            raise IntegrityError(
                "a blob does not have its digest",
                where=self._where,
                why=f"its bytes have sha256:{self._hasher.hexdigest()}",
            )

    @property
    def _where(self) -> str:
        return f"{self._client.place}, {self._descriptor.digest}"


def _start(answer: Answer) -> int | None:
    """Say from which byte on an answer is; None where it does not say (RFC 9110, section 14.4)."""
    if answer.status != _PARTIAL_CONTENT:
        return 0
    first = answer.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
    return number_of(first)
