"""Documents beside an image: attached once, found again, whether the registry lists them or not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lamina.errors import ImageError
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.registry import attestations
from lamina.registry.attestations import Document, attach_document, find_document
from lamina.registry.client import RegistryClient
from lamina.registry.referrers import attach, referrers_of
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import Choices, InMemoryRegistry
from tests.registry.talking import NAME, talk_to


@pytest.fixture(params=[True, False], ids=["api", "fallback tag"])
def registry(request: pytest.FixtureRequest) -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry(choices=Choices(has_referrers=request.param)) as registry:
        yield registry


@pytest.fixture
def client(registry: InMemoryRegistry) -> RegistryClient:
    return talk_to(registry.address)


@pytest.fixture
def image(registry: InMemoryRegistry) -> Image:
    content = Memory()
    image = toy_image(content, "a")
    registry.keep(NAME, "v1", image, content)
    return image


def bill(text: str = "{}", *, kind: str = media_type.CYCLONEDX, created: str = "2026") -> Document:
    return Document(kind=kind, title="sbom.json", data=text.encode(), created=created)


def test_what_is_attached_is_found_by_its_type(client: RegistryClient, image: Image) -> None:
    attach_document(client, image.descriptor, bill('{"a": 1}'))
    attach_document(client, image.descriptor, bill('{"b": 1}', kind=media_type.SPDX))

    digest = image.descriptor.digest
    assert find_document(client, digest, media_type.CYCLONEDX) == b'{"a": 1}'
    assert find_document(client, digest, media_type.SPDX) == b'{"b": 1}'
    assert find_document(client, digest, media_type.IN_TOTO) is None


def test_a_document_that_is_there_is_not_added_again(client: RegistryClient, image: Image) -> None:
    once = attach_document(client, image.descriptor, bill())
    again = attach_document(client, image.descriptor, bill())

    assert once == again
    assert len(referrers_of(client, image.descriptor.digest)) == 1


def test_of_several_the_newest_is_taken(client: RegistryClient, image: Image) -> None:
    for created in ("2025", "2027", "2026"):
        attach_document(client, image.descriptor, bill(f'"{created}"', created=created))

    found = find_document(client, image.descriptor.digest, media_type.CYCLONEDX)

    assert found == b'"2027"'


def test_the_manifest_is_one_that_other_tools_look_for(
    registry: InMemoryRegistry, client: RegistryClient, image: Image
) -> None:
    """An artifact type, an empty config, a subject, and a file name that `oras pull` uses."""
    document = Document(
        kind=media_type.IN_TOTO,
        title="provenance.json",
        data=b"{}",
        created="2026",
        predicate_type="https://slsa.dev/provenance/v1",
    )

    descriptor = attach_document(client, image.descriptor, document)

    stored = registry.repositories[NAME].manifests[descriptor.digest]
    manifest = json.loads(stored.data)
    (layer,) = manifest["layers"]
    assert manifest["artifactType"] == "application/vnd.in-toto+json"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    assert manifest["subject"]["digest"] == str(image.descriptor.digest)
    assert layer["mediaType"] == "application/vnd.in-toto+json"
    assert layer["annotations"] == {
        "org.opencontainers.image.title": "provenance.json",
        "in-toto.io/predicate-type": "https://slsa.dev/provenance/v1",
    }


def test_the_image_and_its_tag_stay_as_they_are(
    registry: InMemoryRegistry, client: RegistryClient, image: Image
) -> None:
    attach_document(client, image.descriptor, bill())

    assert registry.repositories[NAME].tags["v1"] == image.descriptor.digest


def forged(client: RegistryClient, image: Image, **changes: Any) -> None:
    """Attach a manifest that nobody of ours would write."""
    attach_document(client, image.descriptor, bill('"true"'))
    row = referrers_of(client, image.descriptor.digest)[0]
    members = json.loads(client.get_manifest(str(row.digest))[1])
    data = json.dumps({**members, **changes}).encode()
    descriptor = Descriptor(media_type=media_type.MANIFEST, digest=Digest.of(data), size=len(data))
    attach(client, image.descriptor.digest, descriptor, data)


def test_a_manifest_with_no_document_in_it_is_passed_over(
    client: RegistryClient, image: Image
) -> None:
    forged(client, image, layers=[], annotations={"org.opencontainers.image.created": "9999"})

    found = find_document(client, image.descriptor.digest, media_type.CYCLONEDX)

    assert found == b'"true"'


def test_a_document_of_an_implausible_size_is_refused(
    client: RegistryClient, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach_document(client, image.descriptor, bill("[" + " " * 100 + "]"))
    monkeypatch.setattr(attestations, "LARGEST_DOCUMENT", 100)

    with pytest.raises(ImageError, match="102 bytes"):
        find_document(client, image.descriptor.digest, media_type.CYCLONEDX)
