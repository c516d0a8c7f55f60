"""What comes out of a repository is what was promised, over as many connections as it takes."""

import json
from collections.abc import Iterator

import pytest

from lamina.errors import ImageError, IntegrityError, NetworkError
from lamina.image.load import load_tree
from lamina.oci import media_type
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.registry.pull import RemoteContent, resolve
from lamina.testing.distribution.repository import StoredManifest
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import (
    CloseResponseAfter,
    CorruptAt,
    Rule,
    SetHeaders,
    Status,
)
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import Choices, InMemoryRegistry
from tests.registry.talking import NAME, describe, read, talk_to

AMD64 = Platform("linux", "amd64")
BLOB = bytes(range(256)) * 40
DESCRIPTOR = describe(BLOB)


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        registry.repositories[NAME].blobs[DESCRIPTOR.digest] = BLOB
        yield registry


@pytest.fixture
def proxy(registry: InMemoryRegistry) -> Iterator[FaultProxy]:
    with FaultProxy(registry.address) as proxy:
        yield proxy


def pull(proxy: FaultProxy) -> bytes:
    return read(RemoteContent(talk_to(proxy.address)).open(DESCRIPTOR))


def ranges(proxy: FaultProxy) -> list[str]:
    return [row.range for row in proxy.requests(path_contains="/blobs/")]


def keep(registry: InMemoryRegistry, value: object, kind: str, tag: str = "v1") -> Digest:
    """Put any document in as a manifest, whatever the registry would say to it."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    digest = Digest.of(data)
    registry.repositories[NAME].manifests[digest] = StoredManifest(media_type=kind, data=data)
    registry.repositories[NAME].tags[tag] = digest
    return digest


def test_a_blob_comes_in_one_request(proxy: FaultProxy) -> None:
    assert pull(proxy) == BLOB
    assert ranges(proxy) == [""]


def test_a_blob_can_be_read_in_parts_and_need_not_be_read_to_its_end(proxy: FaultProxy) -> None:
    assert read(RemoteContent(talk_to(proxy.address)).open(DESCRIPTOR), 10) == BLOB[:10]


def test_an_empty_blob_is_not_even_asked_for(proxy: FaultProxy) -> None:
    assert read(RemoteContent(talk_to(proxy.address)).open(describe(b""))) == b""
    assert ranges(proxy) == []


def test_a_connection_that_breaks_is_taken_up_where_it_broke(proxy: FaultProxy) -> None:
    proxy.use(Rule(CloseResponseAfter(3000), path="/blobs/", nth=(1, 2)))

    assert pull(proxy) == BLOB
    assert ranges(proxy) == ["", "bytes=3000-", "bytes=6000-"]


def test_a_registry_that_ignores_ranges_is_read_from_the_start() -> None:
    with InMemoryRegistry(choices=Choices(ignores_range=True)) as registry:
        registry.repositories[NAME].blobs[DESCRIPTOR.digest] = BLOB
        with FaultProxy(registry.address) as proxy:
            proxy.use(Rule(CloseResponseAfter(3000), path="/blobs/", nth=(1,)))

            assert pull(proxy) == BLOB


@pytest.mark.parametrize(
    "said", ["bytes 5000-10239/10240", "bytes */10240", "", "nonsense", "bytes 2000-10239/10240"]
)
def test_a_range_that_starts_elsewhere_is_not_pasted_in(proxy: FaultProxy, said: str) -> None:
    proxy.use(
        Rule(CloseResponseAfter(3000), path="/blobs/", nth=(1,)),
        Rule(Status(206, {"Content-Range": said}, BLOB[2000:]), path="/blobs/", nth=(1,)),
    )

    assert pull(proxy) == BLOB


@pytest.mark.slow
def test_a_registry_that_refuses_the_range_is_asked_for_all_of_it(proxy: FaultProxy) -> None:
    """Distribution 2.8 answers so, with a length that is a lie (F17)."""
    proxy.use(
        Rule(CloseResponseAfter(3000), path="/blobs/", nth=(1,)),
        Rule(Status(416, {"Content-Length": "10"}), path="/blobs/", nth=(1,)),
    )

    assert pull(proxy) == BLOB
    assert ranges(proxy) == ["", "bytes=3000-", ""]


@pytest.mark.parametrize("count", [0, 1])
def test_a_connection_that_always_breaks_is_given_up(proxy: FaultProxy, count: int) -> None:
    """A byte at a time is no progress that is worth another try."""
    proxy.use(Rule(CloseResponseAfter(count), path="/blobs/"))

    with pytest.raises(NetworkError, match=r"ends after \d of 10240 bytes, again and again"):
        pull(proxy)

    assert len(ranges(proxy)) == 5


@pytest.mark.parametrize("offset", [0, 5000, 10239])
def test_other_bytes_are_never_handed_out_to_the_end(proxy: FaultProxy, offset: int) -> None:
    proxy.use(Rule(CorruptAt(offset), path="/blobs/"))

    with pytest.raises(IntegrityError, match="does not have its digest"):
        pull(proxy)

    assert len(ranges(proxy)) == 1


def test_bytes_of_two_answers_are_checked_together(proxy: FaultProxy) -> None:
    proxy.use(
        Rule(CloseResponseAfter(3000), path="/blobs/", nth=(1,)),
        Rule(CorruptAt(10), path="/blobs/", nth=(1,)),
    )

    with pytest.raises(IntegrityError):
        pull(proxy)


@pytest.mark.parametrize("data", [BLOB + b"x", BLOB[:-1], b""])
def test_a_blob_of_another_length_is_refused_before_it_is_read(
    registry: InMemoryRegistry, proxy: FaultProxy, data: bytes
) -> None:
    registry.repositories[NAME].blobs[DESCRIPTOR.digest] = data

    with pytest.raises(IntegrityError, match="and not 10240"):
        pull(proxy)


def test_no_more_than_the_promised_bytes_are_read(proxy: FaultProxy) -> None:
    """The length may be missing."""
    huge = Status(200, {"Transfer-Encoding": "chunked"}, b"2801\r\n" + BLOB + b"x\r\n0\r\n\r\n")
    proxy.use(Rule(huge, path="/blobs/"))

    assert pull(proxy) == BLOB


def test_a_blob_that_is_not_there_is_named(registry: InMemoryRegistry, proxy: FaultProxy) -> None:
    registry.repositories[NAME].blobs.clear()

    with pytest.raises(ImageError, match=f"there is no blob {DESCRIPTOR.digest}"):
        pull(proxy)

    assert len(ranges(proxy)) == 1


def test_an_image_is_found_for_its_platform(registry: InMemoryRegistry) -> None:
    content = Memory()
    images = tuple(toy_image(content, "a", architecture=name) for name in ("amd64", "arm64"))
    registry.keep(NAME, "v1", Index(images=images), content)

    _, found = resolve(talk_to(registry.address), "v1", Platform("linux", "arm64"))

    assert found.layers[0].descriptor == images[1].layers[0].descriptor
    assert found.platform == Platform("linux", "arm64")


def test_what_an_index_has_is_listed_where_it_lacks_the_platform(
    registry: InMemoryRegistry,
) -> None:
    content = Memory()
    images = tuple(toy_image(content, "a", architecture=name) for name in ("amd64", "arm64"))
    registry.keep(NAME, "v1", Index(images=images), content)

    with pytest.raises(ImageError, match="no image for linux/s390x") as caught:
        resolve(talk_to(registry.address), "v1", Platform("linux", "s390x"))

    assert caught.value.hint == "it has images for linux/amd64, linux/arm64"


@pytest.fixture
def image(registry: InMemoryRegistry) -> Image:
    content = Memory()
    image = toy_image(content, "a")
    registry.keep(NAME, "v1", image, content)
    return image


def test_a_manifest_by_digest_is_the_one_that_was_asked_for(
    image: Image, proxy: FaultProxy
) -> None:
    proxy.use(Rule(Status(200, {"Content-Type": media_type.MANIFEST}, b"{}"), path="/manifests/"))

    with pytest.raises(IntegrityError, match="does not have the digest"):
        talk_to(proxy.address).get_manifest(str(image.descriptor.digest))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_digest_that_contradicts_the_body_is_an_error(
    image: Image, proxy: FaultProxy, method: str
) -> None:
    """Other clients believe the body, or the header."""
    proxy.use(Rule(SetHeaders({"Docker-Content-Digest": str(DESCRIPTOR.digest)}), method=method))
    client = talk_to(proxy.address)

    if method == "GET":
        with pytest.raises(IntegrityError):
            client.get_manifest("v1")
    else:
        assert client.find_manifest("v1") != image.descriptor.digest


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"mediaType": media_type.MANIFEST, "layers": [], "manifests": []}, media_type.MANIFEST),
        ({"mediaType": media_type.INDEX, "layers": [], "manifests": []}, media_type.INDEX),
        ({"mediaType": media_type.INDEX, "manifests": []}, media_type.MANIFEST),
        ({"mediaType": media_type.MANIFEST, "layers": []}, media_type.INDEX),
        ({"mediaType": media_type.INDEX, "layers": []}, media_type.INDEX),
        ({"layers": []}, media_type.INDEX),
        ({"manifests": []}, media_type.MANIFEST),
        ({"mediaType": "text/html", "layers": []}, media_type.MANIFEST),
        ({"mediaType": ["x"], "layers": []}, media_type.MANIFEST),
        ([], media_type.MANIFEST),
        (b"<html>", "text/html"),
        (b"[" * 100_000, media_type.MANIFEST),
    ],
)
def test_a_document_that_is_not_what_it_is_called_is_refused(
    registry: InMemoryRegistry, value: object, said: str
) -> None:
    """CVE-2021-41190: the same bytes must not be a manifest to one and an index to another."""
    keep(registry, value, said)

    with pytest.raises(ImageError):
        talk_to(registry.address).get_manifest("v1")


def test_an_image_of_dockers_first_format_is_refused_by_name(registry: InMemoryRegistry) -> None:
    old = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    keep(registry, {"schemaVersion": 1, "fsLayers": []}, old)

    with pytest.raises(ImageError, match="schema 1"):
        talk_to(registry.address).get_manifest("v1")


@pytest.mark.parametrize("said", ["application/json", "text/plain; charset=utf-8", ""])
@pytest.mark.usefixtures("image")
def test_a_server_that_knows_no_media_types_is_understood(proxy: FaultProxy, said: str) -> None:
    proxy.use(Rule(SetHeaders({"Content-Type": said}), path="/manifests/"))

    descriptor, _ = talk_to(proxy.address).get_manifest("v1")

    assert descriptor.media_type == media_type.MANIFEST


def test_a_manifest_without_end_is_not_read_to_its_end(proxy: FaultProxy) -> None:
    proxy.use(Rule(Status(200, {"Content-Type": media_type.MANIFEST}, b" " * (9 << 20))))

    with pytest.raises(NetworkError, match="larger than 8388608 bytes"):
        talk_to(proxy.address).get_manifest("v1")


def test_attestations_come_along_with_the_image_they_are_about(
    registry: InMemoryRegistry, image: Image
) -> None:
    """BuildKit puts them into the index, for the platform unknown/unknown."""
    statement = b"{}"
    registry.repositories[NAME].blobs[Digest.of(statement)] = statement
    layer = describe(statement, "application/vnd.in-toto+json").to_json()
    attestation = {
        "schemaVersion": 2,
        "mediaType": media_type.MANIFEST,
        "config": image.config.to_json(),
        "layers": [layer],
    }
    data = json.dumps(attestation).encode()
    keep(registry, data, media_type.MANIFEST)
    row = describe(data, media_type.MANIFEST).to_json()
    unknown = {"architecture": "unknown", "os": "unknown"}
    index = {
        "schemaVersion": 2,
        "mediaType": media_type.INDEX,
        "manifests": [image.descriptor.to_json(), {**row, "platform": unknown}],
    }
    keep(registry, index, media_type.INDEX)
    client = talk_to(registry.address)

    tree = load_tree(RemoteContent(client), client.get_manifest("v1")[0])

    assert {blob.digest for blob in tree.blobs} >= {Digest.of(statement), image.config.digest}
    assert resolve(client, "v1", AMD64)[1].layers[0].descriptor == image.layers[0].descriptor
