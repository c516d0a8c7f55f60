"""Clients of in-memory registries that never sleep, and small images to move."""

import io
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import BinaryIO

from lamina.errors import NetworkError
from lamina.http.client import HttpClient
from lamina.http.exchange import Answer, Body, Exchange, InterruptedExchangeError
from lamina.http.retry import Retries
from lamina.http.settings import HttpSettings
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.reference import Reference
from lamina.registry.client import RegistryClient
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.place import place_of
from lamina.registry.session import Session

NAME = "demo/app"
CANARY = "canary-s3cret"
LOGIN = {"LAMINA_REGISTRY_USER": "alice", "LAMINA_REGISTRY_PASSWORD": CANARY}
"""For the registry that a test talks to, whatever its port."""


def talk_to(
    address: str,
    *,
    name: str = NAME,
    environment: dict[str, str] | None = None,
    mounts: tuple[str, ...] = (),
    slept: list[float] | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    http: Exchange | None = None,
) -> RegistryClient:
    """Make a client of the repository ``name``; a login of ``environment`` is for ``address``."""
    waits = [] if slept is None else slept
    session = Session(
        http or HttpClient(HttpSettings(timeout_s=5)),
        place_of(Reference.parse(f"{address}/{name}")),
        CredentialFinder({"LAMINA_REGISTRY": address, **(environment or {"HOME": "/nowhere"})}),
        retries=Retries(sleep=waits.append, jitter=lambda: 0.0),
        clock=clock,
    )
    return RegistryClient(session, mounts=mounts)


def describe(data: bytes, media_type: str = "application/octet-stream") -> Descriptor:
    """Describe a blob."""
    return Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))


def opener(*blobs: bytes, opened: list[Digest] | None = None) -> Callable[[Descriptor], BinaryIO]:
    """Open the blobs, and note which were."""
    by_digest = {Digest.of(data): data for data in blobs}

    def open_blob(descriptor: Descriptor) -> BinaryIO:
        if opened is not None:
            opened.append(descriptor.digest)
        return io.BytesIO(by_digest[descriptor.digest])

    return open_blob


def read(stream: BinaryIO, size: int = -1) -> bytes:
    """Read a stream and close it."""
    with closing(stream):
        return stream.read(size)


class LosesAnswers:
    """Loses the answers to the first requests of a method, after they were carried out."""

    def __init__(self, method: str, error: NetworkError | None = None, *, count: int = 1) -> None:
        self._http = HttpClient(HttpSettings(timeout_s=5))
        self._method = method
        self._error = error or InterruptedExchangeError("the answer was lost")
        self._left = count

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | bytes | None
    ) -> Answer:
        answer = self._http.send(method, url, headers, body)
        if method != self._method or not self._left:
            return answer
        answer.close()
        self._left -= 1
        raise self._error
