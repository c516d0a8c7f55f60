"""InMemoryRegistry: a registry on loopback that keeps everything in memory and all that was asked.

It follows the OCI distribution-spec 1.1 and checks more than most: a manifest whose blobs are
missing or of another size is refused.
"""

import re
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamina.image.blobs import layer_descriptors, tree_of
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.protocols import Content
from lamina.testing.distribution.access import TOKEN_PATH, Basic, Bearer, Gate, Need
from lamina.testing.distribution.blobs import answer_blob
from lamina.testing.distribution.manifests import answer_manifest, list_referrers, list_tags
from lamina.testing.distribution.repository import (
    Choices,
    Repository,
    Storage,
    StoredManifest,
)
from lamina.testing.distribution.uploads import go_on_with_upload, start_upload
from lamina.testing.distribution.wire import Asked, RefusalError, Reply, no_such_page
from lamina.testing.loopback import Connection, LoopbackService

__all__ = ["Basic", "Bearer", "Choices", "InMemoryRegistry", "RecordedRequest"]

_PING = re.compile(r"/v2/?")
_NAME = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_ROUTES: tuple[tuple[re.Pattern[str], Callable[..., Reply]], ...] = (
    (re.compile(r"/v2/(.+)/manifests/([^/]+)"), answer_manifest),
    (re.compile(r"/v2/(.+)/blobs/uploads/?"), start_upload),
    (re.compile(r"/v2/(.+)/blobs/uploads/([^/]+)"), go_on_with_upload),
    (re.compile(r"/v2/(.+)/blobs/([^/]+)"), answer_blob),
    (re.compile(r"/v2/(.+)/tags/list"), list_tags),
    (re.compile(r"/v2/(.+)/referrers/([^/]+)"), list_referrers),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request that arrived, and how it was answered.

    ``status`` is 0 when the client went away before its request was whole.  The bytes are those of
    the bodies.
    """

    method: str
    path: str
    query: str
    has_authorization: bool
    range: str
    status: int
    body_bytes: int
    response_bytes: int


class InMemoryRegistry(LoopbackService):
    """A registry that runs while a ``with`` block does.

    ``auth`` is who gets in, ``tls`` the server's side of HTTPS, and ``choices`` what the
    specification leaves open.  ``repositories`` can be looked into and filled by hand.

    .. code-block:: python

        with InMemoryRegistry(auth=Basic(user="alice", password="s3cret")) as registry:
            push_to(f"{registry.address}/demo/app:1")

            assert registry.repositories["demo/app"].tags["1"] == image.descriptor.digest
            assert registry.requests(method="PUT", path_contains="/manifests/")
    """

    def __init__(
        self,
        *,
        auth: Basic | Bearer | None = None,
        tls: ssl.SSLContext | None = None,
        choices: Choices | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self._storage = Storage(choices or Choices())
        self._gate = Gate(auth)
        self._recorded: list[RecordedRequest] = []
        self._lock = threading.Lock()

    @property
    def repositories(self) -> Mapping[str, Repository]:
        """What is kept, by name; a name that was never heard of has an empty repository."""
        return self._storage.repositories

    def keep(self, name: str, tag: str, image: Image | Index, content: Content) -> None:
        """Put an image into a repository, under a tag, without any request."""
        repository, tree = self._storage.repositories[name], tree_of(image)
        for descriptor in layer_descriptors(image):
            with content.open(descriptor) as file:
                repository.blobs[descriptor.digest] = file.read()
        for descriptor, data in tree.documents.items():
            repository.blobs[descriptor.digest] = data
        for descriptor, data in tree.manifests.items():
            kept = StoredManifest(media_type=descriptor.media_type, data=data)
            repository.manifests[descriptor.digest] = kept
        repository.tags[tag] = tree.root.digest

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that tokens were asked for with, in order."""
        with self._lock:
            return tuple(self._gate.scopes)

    def requests(self, *, method: str = "", path_contains: str = "") -> tuple[RecordedRequest, ...]:
        """List the requests so far, in order: all, or those of a method or with a text in the path.

        Those to the token server are among them.
        """
        with self._lock:
            return tuple(
                request
                for request in self._recorded
                if method in {"", request.method} and path_contains in request.path
            )

    def uploads(self) -> tuple[Digest, ...]:
        """List the blobs whose bytes were received and kept, in order; mounted ones are not."""
        with self._lock:
            return tuple(self._storage.received)

    def reset(self) -> None:
        """Forget the requests, uploads and scopes, but not what is kept."""
        with self._lock:
            self._recorded.clear()
            self._storage.received.clear()
            self._gate.scopes.clear()

    def serve(self, connection: Connection) -> None:
        """Answer one request, and record it."""
        parts: list[bytes] = []
        try:
            for part in connection.body_parts():
                parts.append(part)  # noqa: PERF402 - what came before the end counts as well
        except ConnectionError:
            self._record(connection, b"".join(parts), Reply(status=0))
            raise
        body = b"".join(parts)
        with self._lock:
            reply = self._answer(self._asked(connection, body))
        self._record(connection, body, reply)  # first: a client that has its answer may look
        headers = {"Docker-Distribution-API-Version": "registry/2.0", **reply.headers}
        connection.reply(reply.status, headers, reply.body)

    def _asked(self, connection: Connection, body: bytes) -> Asked:
        path, query = connection.route
        host = connection.headers.get("Host", self.address)
        return Asked(
            method=connection.command,
            path=path,
            raw_query=query,
            headers={name.lower(): value for name, value in connection.headers.items()},
            body=body,
            origin=f"{self._scheme}://{host}",
        )

    def _answer(self, asked: Asked) -> Reply:
        try:
            if asked.path == TOKEN_PATH:
                return self._gate.token(asked)
            if _PING.fullmatch(asked.path):
                self._gate.check(asked, ())
                return Reply(status=200, headers={"Content-Type": "application/json"}, body=b"{}")
            return self._route(asked)
        except RefusalError as refusal:
            return refusal.reply

    def _route(self, asked: Asked) -> Reply:
        for pattern, endpoint in _ROUTES:
            match = pattern.fullmatch(asked.path)
            if match is None:
                continue
            name = match[1]
            self._gate.check(asked, _needs(asked, name))
            if not _NAME.fullmatch(name):
                raise RefusalError(400, "NAME_INVALID", f"{name!r} is not a repository's name")
            return endpoint(self._storage, asked, *match.groups())
        return no_such_page()

    def _record(self, connection: Connection, body: bytes, reply: Reply) -> None:
        path, query = connection.route
        has_body = connection.command != "HEAD" and reply.status
        request = RecordedRequest(
            method=connection.command,
            path=path,
            query=query,
            has_authorization="Authorization" in connection.headers,
            range=connection.headers.get("Range", ""),
            status=reply.status,
            body_bytes=len(body),
            response_bytes=len(reply.body) if has_body else 0,
        )
        with self._lock:
            self._recorded.append(request)


def _needs(asked: Asked, name: str) -> tuple[Need, ...]:
    """Say what a request needs to be allowed, as distribution asks for it.

    Whoever may push may also end an upload; distribution wants the right to delete for that.
    """
    if asked.method in {"GET", "HEAD"}:
        return ((name, "pull"),)
    if asked.method == "DELETE" and "/blobs/uploads/" not in asked.path:
        return ((name, "delete"),)
    source = asked.query.get("from") if "mount" in asked.query else None
    mounted = ((source, "pull"),) if source else ()
    return ((name, "pull"), (name, "push"), *mounted)
