"""The in-memory registry serves blobs, and remembers what it was asked."""

import http.client
import ssl

import pytest

from lamina.oci.digest import Digest
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import Choices, InMemoryRegistry
from tests.support.raw_http import ask
from tests.testing.asking import BLOB, LOGIN, NAME, UPLOADS, code, keep, start


def test_v2_answers_an_empty_object(registry: InMemoryRegistry) -> None:
    said = ask(registry.address, "GET", "/v2/")

    assert (said.status, said.body) == (200, b"{}")


def test_a_connection_is_kept_for_the_next_request(registry: InMemoryRegistry) -> None:
    digest = keep(registry)
    connection = http.client.HTTPConnection(registry.address, timeout=20)

    connection.request("HEAD", f"/v2/{NAME}/blobs/{digest}")
    first = connection.getresponse()
    first.read()
    socket = connection.sock
    connection.request("GET", f"/v2/{NAME}/blobs/{digest}")
    second = connection.getresponse()

    assert second.read() == BLOB
    assert connection.sock is socket
    connection.close()


def test_tls_on_a_plain_port_is_hung_up_on_at_once(registry: InMemoryRegistry) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(registry.address, "GET", "/v2/", tls=ssl.create_default_context())


@pytest.mark.parametrize("path", ["/", "/v1/", f"/v2/{NAME}", f"/v2/{NAME}/nothing"])
def test_what_is_no_endpoint_is_not_found(registry: InMemoryRegistry, path: str) -> None:
    assert ask(registry.address, "GET", path).status == 404


def test_a_name_that_the_specification_forbids_is_refused(registry: InMemoryRegistry) -> None:
    said = ask(registry.address, "GET", "/v2/Demo/tags/list")

    assert (said.status, code(said)) == (400, "NAME_INVALID")


@pytest.mark.parametrize(
    "path", [f"/v2/{NAME}/manifests/v1", f"/v2/{NAME}/blobs/{Digest.of(BLOB)}", UPLOADS]
)
def test_a_method_that_an_endpoint_lacks_is_refused(registry: InMemoryRegistry, path: str) -> None:
    keep(registry)

    said = ask(registry.address, "PATCH", path)

    assert (said.status, code(said)) == (405, "UNSUPPORTED")


class TestBlobs:
    def test_get_and_head_name_the_digest_and_the_length(self, registry: InMemoryRegistry) -> None:
        path = f"/v2/{NAME}/blobs/{keep(registry)}"

        got, head = ask(registry.address, "GET", path), ask(registry.address, "HEAD", path)

        assert (got.status, got.body) == (200, BLOB)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["docker-content-digest"] == str(Digest.of(BLOB))
        assert head.headers["content-length"] == got.headers["content-length"] == "11"

    def test_a_missing_blob_is_unknown(self, registry: InMemoryRegistry) -> None:
        said = ask(registry.address, "GET", f"/v2/{NAME}/blobs/{Digest.of(b'')}")

        assert (said.status, code(said)) == (404, "BLOB_UNKNOWN")

    def test_a_malformed_digest_is_refused(self, registry: InMemoryRegistry) -> None:
        said = ask(registry.address, "GET", f"/v2/{NAME}/blobs/sha256:12")

        assert (said.status, code(said)) == (400, "DIGEST_INVALID")

    def test_a_deleted_blob_is_gone(self, registry: InMemoryRegistry) -> None:
        path = f"/v2/{NAME}/blobs/{keep(registry)}"

        assert ask(registry.address, "DELETE", path).status == 202
        assert ask(registry.address, "GET", path).status == 404

    @pytest.mark.parametrize(
        ("wanted", "content_range", "part"),
        [
            ("bytes=0-4", "bytes 0-4/11", b"hello"),
            ("bytes=7-", "bytes 7-10/11", b"blob"),
            ("bytes=7-99", "bytes 7-10/11", b"blob"),
            ("bytes=-4", "bytes 7-10/11", b"blob"),
        ],
    )
    def test_a_range_is_a_part(
        self, registry: InMemoryRegistry, wanted: str, content_range: str, part: bytes
    ) -> None:
        path = f"/v2/{NAME}/blobs/{keep(registry)}"

        said = ask(registry.address, "GET", path, headers={"Range": wanted})

        assert (said.status, said.body) == (206, part)
        assert said.headers["content-range"] == content_range

    @pytest.mark.parametrize("wanted", ["bytes=11-", "bytes=5-4"])
    def test_a_range_outside_the_blob_cannot_be_had(
        self, registry: InMemoryRegistry, wanted: str
    ) -> None:
        path = f"/v2/{NAME}/blobs/{keep(registry)}"

        said = ask(registry.address, "GET", path, headers={"Range": wanted})

        assert said.status == 416
        assert said.headers["content-range"] == "bytes */11"

    @pytest.mark.parametrize("wanted", ["bytes=-", "bytes=0-1,3-4", "lines=1-2"])
    def test_a_range_that_is_not_understood_is_ignored(
        self, registry: InMemoryRegistry, wanted: str
    ) -> None:
        path = f"/v2/{NAME}/blobs/{keep(registry)}"

        assert ask(registry.address, "GET", path, headers={"Range": wanted}).status == 200

    def test_a_registry_may_ignore_ranges(self) -> None:
        with InMemoryRegistry(choices=Choices(ignores_range=True)) as registry:
            path = f"/v2/{NAME}/blobs/{keep(registry)}"

            said = ask(registry.address, "GET", path, headers={"Range": "bytes=7-"})

        assert (said.status, said.body) == (200, BLOB)


def test_an_image_can_be_there_from_the_start(registry: InMemoryRegistry) -> None:
    content = Memory()
    image = toy_image(content, "one", "two")

    registry.keep(NAME, "v1", image, content)

    said = ask(registry.address, "GET", f"/v2/{NAME}/manifests/v1")
    assert said.body == image.manifest_bytes
    for descriptor in (image.config, *(layer.descriptor for layer in image.layers)):
        assert ask(registry.address, "HEAD", f"/v2/{NAME}/blobs/{descriptor.digest}").status == 200
    assert registry.uploads() == ()


class TestRecord:
    def test_every_request_is_recorded_with_its_sizes(self, registry: InMemoryRegistry) -> None:
        path = f"/v2/{NAME}/blobs/{keep(registry)}"
        ask(registry.address, "GET", path, headers={"Range": "bytes=0-4", **LOGIN})
        ask(registry.address, "HEAD", f"{path}?x=1")
        start(registry, f"?digest={Digest.of(b'abc')}", b"abc")

        got, head, posted = registry.requests()

        assert (got.method, got.path, got.status) == ("GET", path, 206)
        assert (got.range, got.has_authorization) == ("bytes=0-4", True)
        assert (got.body_bytes, got.response_bytes) == (0, 5)
        assert (head.query, head.has_authorization, head.response_bytes) == ("x=1", False, 0)
        assert posted.body_bytes == 3

    def test_requests_are_found_by_method_and_path(self, registry: InMemoryRegistry) -> None:
        ask(registry.address, "GET", "/v2/")
        start(registry)

        assert [r.path for r in registry.requests(method="POST")] == [UPLOADS]
        assert [r.method for r in registry.requests(path_contains="/uploads/")] == ["POST"]

    def test_a_request_that_breaks_off_is_recorded_without_a_status(self) -> None:
        with InMemoryRegistry() as registry:
            connection = http.client.HTTPConnection(registry.address, timeout=20)
            connection.putrequest("POST", f"{UPLOADS}?digest={Digest.of(BLOB)}")
            connection.putheader("Content-Length", "11")
            connection.endheaders(b"hello")
            connection.close()
            ask(registry.address, "GET", "/v2/")  # by now the other connection is accepted

        broken = registry.requests(method="POST")
        assert [(request.status, request.body_bytes) for request in broken] == [(0, 5)]
        assert registry.uploads() == ()

    def test_reset_forgets_the_requests_and_keeps_the_blobs(
        self, registry: InMemoryRegistry
    ) -> None:
        start(registry, f"?digest={Digest.of(BLOB)}", BLOB)

        registry.reset()

        assert registry.requests() == ()
        assert registry.uploads() == ()
        assert registry.repositories[NAME].blobs == {Digest.of(BLOB): BLOB}
