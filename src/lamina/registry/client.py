"""RegistryClient: one method for each endpoint of the distribution-spec that Lamina uses."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote, urlsplit

from lamina.errors import ImageError, IntegrityError, NetworkError
from lamina.http.exchange import Answer, Body
from lamina.http.fields import number_of
from lamina.http.retry import Retries
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.parse import parse_index
from lamina.registry.address import follow, is_from_inside, origin_of
from lamina.registry.auth import Scope
from lamina.registry.documents import media_type_of, tags_of_list
from lamina.registry.error import RefusedError, shown
from lamina.registry.place import Place
from lamina.registry.session import Fetched, Request, Session

LARGEST_MANIFEST = 8 << 20
"""How many bytes of a manifest are read; others promise to keep half of that."""

_LARGEST_SENT = 4 << 20
_LARGEST_LIST = 8 << 20
_MOST_PAGES = 1000
_ACCEPT = ", ".join(sorted(media_type.INDEXES | media_type.MANIFESTS))
_OCTETS = "application/octet-stream"
_NOTHING = Body(open=io.BytesIO, size=0)
_OK, _CREATED, _NOT_FOUND = 200, 201, 404


class RegistryClient:
    """A repository of a registry; ``end-N`` is the specification's number of the endpoint.

    ``mounts`` names repositories of the same registry that blobs may be taken over from.
    """

    def __init__(self, session: Session, *, mounts: tuple[str, ...] = ()) -> None:
        self._session = session
        self._name = session.place.repository
        self._pull = Scope(repository=self._name)
        self._push = Scope(repository=self._name, actions="pull,push")
        self.mounts = mounts

    @property
    def place(self) -> Place:
        """Where it is."""
        return self._session.place

    @property
    def retries(self) -> Retries:
        """How often something is tried, for whoever has to begin further back."""
        return self._session.retries

    def ping(self) -> None:
        """Ask whether there is a registry that lets us in (end-1), or raise ``NetworkError``."""
        self._fetch("GET", "/v2/", "the first question", scope=self._pull, expected={_OK})

    def find_manifest(self, reference: str, *, for_push: bool = False) -> Digest | None:
        """Say which digest a tag or digest stands for (end-3, HEAD), None for none.

        A registry that does not say is asked for the manifest itself.
        """
        answer = self._fetch(
            "HEAD",
            self._manifest_path(reference),
            f"the question for the manifest {reference}",
            scope=self._push if for_push else self._pull,
            expected={_OK, _NOT_FOUND},
            headers={"Accept": _ACCEPT},
        )
        if answer.status == _NOT_FOUND:
            return None
        named = answer.headers.get("docker-content-digest", "")
        return Digest.parse(named) if named else self.get_manifest(reference)[0].digest

    def get_manifest(self, reference: str) -> tuple[Descriptor, bytes]:
        """Fetch a manifest or index by tag or digest (end-3).

        Raises ``ImageError`` when there is none, or one that is another kind of document than the
        registry says (CVE-2021-41190), and ``IntegrityError`` when the bytes are not those of the
        digest that was asked for or that the registry names.
        """
        where = f"{self.place}, {reference}"
        answer = self._fetch(
            "GET",
            self._manifest_path(reference),
            f"the question for the manifest {reference}",
            scope=self._pull,
            expected={_OK},
            headers={"Accept": _ACCEPT},
            limit=LARGEST_MANIFEST,
            missing=f"there is no {reference} in {self.place}",
        )
        digest = self._checked(answer, {reference}, where)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        return (
            Descriptor(
                media_type=media_type_of(answer.body, said=kind, where=where),
                digest=digest,
                size=len(answer.body),
            ),
            answer.body,
        )

    def put_manifest(
        self, reference: str, descriptor: Descriptor, data: bytes
    ) -> Mapping[str, str]:
        """Store a manifest or index under a tag or its digest (end-7); return the answer's headers.

        Raises ``ImageError`` for one that registries do not promise to take.
        """
        if len(data) > _LARGEST_SENT:
            raise ImageError(
                f"the manifest has {len(data)} bytes, and registries take {_LARGEST_SENT}",
                where=f"{self.place}, {reference}",
            )
        answer = self._fetch(
            "PUT",
            self._manifest_path(reference),
            f"the upload of the manifest {reference}",
            scope=self._push,
            expected={_CREATED},
            headers={"Content-Type": descriptor.media_type},
            body=data,
        )
        self._stored(answer, descriptor.digest)
        return answer.headers

    def delete_manifest(self, reference: str) -> bool:
        """Delete a tag or, by digest, a manifest and its tags (end-9); False where it is not there.

        Raises ``RefusedError`` where the registry deletes nothing, or no tags.
        """
        return self._delete(self._manifest_path(reference), f"the deletion of {reference}")

    def delete_blob(self, digest: Digest) -> bool:
        """Delete a blob (end-10); False where it is not there."""
        return self._delete(f"/v2/{self._name}/blobs/{digest}", f"the deletion of {digest}")

    def list_tags(self) -> tuple[str, ...]:
        """List the tags (end-8a and end-8b), in the registry's order."""
        what = "the question for the tags"
        pages = self._pages(f"/v2/{self._name}/tags/list", what)
        return tuple(
            tag for page in pages for tag in tags_of_list(page.body, where=str(self.place))
        )

    def list_referrers(self, digest: Digest) -> tuple[Descriptor, ...] | None:
        """List the manifests whose subject is ``digest`` (end-12a).

        None where the registry has no such list: see :mod:`lamina.registry.referrers`.
        """
        try:
            path, where = f"/v2/{self._name}/referrers/{digest}", f"{self.place}, {digest}"
            pages = tuple(self._pages(path, "the question for referrers"))
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return tuple(row for page in pages for row in parse_index(page.body, where=where))

    def has_blob(self, descriptor: Descriptor, *, is_final: bool = False) -> bool:
        """Say whether the repository has a blob (end-2, HEAD), to somebody who may push it.

        Nothing is tried again where the question ``is_final``.
        """
        answer = self._fetch(
            "HEAD",
            f"/v2/{self._name}/blobs/{descriptor.digest}",
            f"the question for the blob {descriptor.digest}",
            scope=self._push,
            expected={_OK, _NOT_FOUND},
            is_final=is_final,
        )
        return answer.status == _OK

    def get_blob(self, descriptor: Descriptor, *, start: int = 0) -> Answer:
        """Fetch a blob (end-2), from byte ``start`` on where the registry allows; close it.

        Raises ``ImageError`` when there is none.  Nothing is tried again.
        """
        return self._session.send(
            Request(
                what=f"the download of the blob {descriptor.digest}",
                method="GET",
                url=f"/v2/{self._name}/blobs/{descriptor.digest}",
                scope=self._pull,
                expected={200, 206},
                headers={"Range": f"bytes={start}-"} if start else {},
                is_final=True,
                missing=f"there is no blob {descriptor.digest} in {self.place}",
            )
        )

    def start_upload(self) -> tuple[str, int]:
        """Open an upload (end-4a); return where to, and the least bytes of a chunk.

        Nothing is tried again.
        """
        answer = self._post(
            "", "the start of an upload", scope=self._push, expected={202}, is_final=True
        )
        return self._location(answer), _number(answer.headers, "oci-chunk-min-length")

    def mount(self, descriptor: Descriptor, source: str) -> str | None:
        """Take a blob over from another repository (end-11).

        None when that was done; else where it can be uploaded to instead.
        """
        query = f"?mount={descriptor.digest}&from={quote(source, safe='')}"
        scope = Scope(repository=self._name, actions="pull,push", also=(source,))
        answer = self._post(query, f"a mount from {source}", scope=scope, expected={201, 202})
        return None if answer.status == _CREATED else self._location(answer)

    def finish_upload(self, location: str, descriptor: Descriptor, body: Body | None) -> None:
        """Send a blob, or end one that was sent in chunks (end-6).  Nothing is tried again."""
        mark = "&" if urlsplit(location).query else "?"
        answer = self._fetch(
            "PUT",
            f"{location}{mark}digest={descriptor.digest}",
            f"the upload of the blob {descriptor.digest}",
            scope=self._push,
            expected={_CREATED},
            headers={"Content-Type": _OCTETS},
            body=replace(body or _NOTHING, is_stored=True),
            is_final=True,
        )
        self._stored(answer, descriptor.digest)

    def send_chunk(self, location: str, start: int, body: Body) -> tuple[str, int]:
        """Send bytes from ``start`` on (end-5); return where the next go, and from which byte on.

        Nothing is tried again.
        """
        end = start + body.size
        answer = self._fetch(
            "PATCH",
            location,
            "the upload of a chunk",
            scope=self._push,
            expected={202},
            headers={"Content-Type": _OCTETS, "Content-Range": f"{start}-{end - 1}"},
            body=body,
            is_final=True,
        )
        has_range = "range" in answer.headers
        return self._location(answer), _arrived(answer.headers) if has_range else end

    def upload_status(self, location: str) -> tuple[str, int]:
        """Ask how many bytes of an upload arrived (end-13), and where the next go.

        Nothing is tried again.
        """
        what = "the question how far an upload is"
        answer = self._fetch("GET", location, what, scope=self._push, expected={204}, is_final=True)
        return self._location(answer), _arrived(answer.headers)

    def cancel_upload(self, location: str) -> None:
        """Give an upload up, as distribution allows; nobody minds when that fails."""
        self._fetch(
            "DELETE",
            location,
            "the end of an upload",
            scope=self._push,
            expected={204, 202, 200},
            is_final=True,
        )

    def _fetch(  # noqa: PLR0913 - a request has as many parts
        self,
        method: str,
        url: str,
        what: str,
        *,
        scope: Scope,
        expected: set[int],
        headers: Mapping[str, str] | None = None,
        body: Body | bytes | None = None,
        limit: int = 0,
        is_final: bool = False,
        missing: str = "",
    ) -> Fetched:
        request = Request(
            what=what,
            method=method,
            url=url,
            scope=scope,
            expected=expected,
            headers=headers or {},
            body=body,
            is_final=is_final,
            missing=missing,
        )
        return self._session.fetch(request, limit=limit)

    def _post(
        self, query: str, what: str, *, scope: Scope, expected: set[int], is_final: bool = False
    ) -> Fetched:
        path = f"/v2/{self._name}/blobs/uploads/{query}"
        return self._fetch(
            "POST", path, what, scope=scope, expected=expected, body=b"", is_final=is_final
        )

    def _delete(self, path: str, what: str) -> bool:
        scope = Scope(repository=self._name, actions="delete")
        answer = self._fetch("DELETE", path, what, scope=scope, expected={200, 202, 204, 404})
        return answer.status != _NOT_FOUND

    def _pages(self, path: str, what: str) -> Iterator[Fetched]:
        """Read a list page by page (spec, "Listing Tags"), on the registry itself alone."""
        url = path
        for _ in range(_MOST_PAGES):
            page = self._fetch(
                "GET", url, what, scope=self._pull, expected={_OK}, limit=_LARGEST_LIST
            )
            yield page
            link = page.headers.get("link", "")
            if 'rel="next"' not in link.replace("rel=next", 'rel="next"'):
                return
            url = self._follow(page, link.partition("<")[2].partition(">")[0])
            if origin_of(url) != origin_of(self.place.origin):
                raise NetworkError("the next page is said to be elsewhere", where=str(self.place))
        raise NetworkError(f"more than {_MOST_PAGES} pages", where=str(self.place))

    def _manifest_path(self, reference: str) -> str:
        return f"/v2/{self._name}/manifests/{quote(reference, safe=':')}"

    def _location(self, answer: Fetched) -> str:
        """Read where an upload goes on: relative or absolute, its query kept byte by byte."""
        location = answer.headers.get("location", "")
        if not location:
            raise NetworkError(
                "the registry does not say where to upload to", where=str(self.place)
            )
        return self._follow(answer, location)

    def _follow(self, answer: Fetched, location: str) -> str:
        inside = is_from_inside(self.place, answer.url)
        return follow(answer.url, location, where=str(self.place), is_inside=inside)

    def _checked(self, answer: Fetched, promised: set[str], where: str) -> Digest:
        """Compare a body with all that is promised of it (spec, "Pulling manifests")."""
        digest = Digest.of(answer.body)
        texts = {*promised, answer.headers.get("docker-content-digest", "")}
        wrong = {text for text in texts if text.startswith("sha256:")} - {str(digest)}
        if wrong:
            raise IntegrityError(
                "the manifest does not have the digest that was asked for",
                where=where,
                why=f"its bytes have {digest}, and {shown(', '.join(sorted(wrong)))[:200]} "
                "was promised",
            )
        return digest

    def _stored(self, answer: Fetched, digest: Digest) -> None:
        named = answer.headers.get("docker-content-digest", "")
        if named.startswith("sha256:") and named != str(digest):
            raise IntegrityError(
                f"the registry stored other bytes than it was sent: {shown(named)[:80]}",
                where=f"{self.place}, {digest}",
            )


def _arrived(headers: Mapping[str, str]) -> int:
    """Read how many bytes of an upload arrived; distribution writes ``0-0`` for none, too."""
    number = number_of(headers.get("range", "").rpartition("-")[2])
    return number + 1 if number else 0


def _number(headers: Mapping[str, str], name: str) -> int:
    return number_of(headers.get(name, "")) or 0
