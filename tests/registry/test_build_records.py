"""Build records beside images: one manifest leads to many builds, and nothing there is trusted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lamina.errors import InputError, NetworkError
from lamina.oci import media_type
from lamina.oci.annotations import BUILD_ID, CREATED
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.registry.build_records import (
    LARGEST_RECORD,
    MOST_RECORDS,
    KeptRecords,
    attach_record,
    find_records,
    read_records,
)
from lamina.registry.client import RegistryClient
from lamina.registry.referrers import attach, fallback_tag, referrers_of
from lamina.testing.distribution.repository import StoredManifest
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import Rule, Status
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import Choices, InMemoryRegistry
from tests.registry.talking import NAME, talk_to


@pytest.fixture(params=[True, False], ids=["api", "tag"])
def registry(request: pytest.FixtureRequest) -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry(choices=Choices(has_referrers=request.param)) as registry:
        yield registry


def image_of(registry: InMemoryRegistry, name: str, tag: str = "v1") -> Image:
    content = Memory()
    image = toy_image(content, name)
    registry.keep(NAME, tag, image, content)
    return image


def note(client: RegistryClient, image: Image, text: str, *earlier: Descriptor) -> KeptRecords:
    """Attach a record that is just this text, and find it again."""
    attach_record(
        client, image.descriptor, text.encode(), id_=text, created=f"2026-11-{text}T00:00:00Z",
        earlier=earlier,
    )  # fmt: skip
    return find_records(client, str(image.descriptor.digest))


def texts(client: RegistryClient, kept: KeptRecords) -> list[str]:
    return [
        data.decode() if isinstance(data, bytes) else str(data)
        for data in read_records(client, kept.records)
    ]


def test_a_record_is_found_by_the_tag_of_its_image(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    image = image_of(registry, "a")
    note(client, image, "01")

    kept = find_records(client, "v1")

    assert kept.image == image.descriptor.digest
    assert texts(client, kept) == ["01"]


def test_the_manifest_is_an_artifact_about_the_image(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    image = image_of(registry, "a")
    note(client, image, "01")

    (row,) = referrers_of(client, image.descriptor.digest)
    manifest = json.loads(client.get_manifest(str(row.digest))[1])

    assert manifest["artifactType"] == "application/vnd.lamina.build-record.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    assert manifest["subject"]["digest"] == str(image.descriptor.digest)
    assert manifest["annotations"] == {BUILD_ID: "01", CREATED: "2026-11-01T00:00:00Z"}


def test_a_record_carries_those_before_it(registry: InMemoryRegistry) -> None:
    """What an image carries outlives the images before it."""
    client = talk_to(registry.address)
    kept = KeptRecords()
    images = [image_of(registry, str(number)) for number in range(1, 5)]
    for number, image in enumerate(images, 1):
        kept = note(client, image, f"{number:02}", *kept.records)

    client.delete_manifest(str(images[0].descriptor.digest))

    assert texts(client, find_records(client, "v1")) == ["04", "03", "02", "01"]


def test_what_is_carried_has_an_end(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    kept = KeptRecords()
    for number in range(MOST_RECORDS + 3):
        image = image_of(registry, str(number % 2), f"t{number}")
        attach_record(client, image.descriptor, b"%d" % number, id_="x", created=f"{number:03}",
                      earlier=kept.records)  # fmt: skip
        kept = find_records(client, f"t{number}")

    assert len(kept.records) == MOST_RECORDS
    assert texts(client, kept)[:2] == [str(MOST_RECORDS + 2), str(MOST_RECORDS + 1)]


def test_records_that_the_registry_has_lost_do_not_keep_out_a_new_one(
    registry: InMemoryRegistry,
) -> None:
    client = talk_to(registry.address)
    kept = note(client, image_of(registry, "a"), "01")
    del registry.repositories[NAME].blobs[kept.records[0].digest]

    after = note(client, image_of(registry, "b"), "02", *kept.records)

    assert texts(client, after) == ["02"]


def test_a_record_that_is_lost_is_an_error_in_its_place(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    first = note(client, image_of(registry, "a"), "01")
    kept = note(client, image_of(registry, "b"), "02", *first.records)
    del registry.repositories[NAME].blobs[first.records[0].digest]

    one, other = read_records(client, kept.records)

    assert one == b"02"
    assert isinstance(other, InputError)


def test_bytes_with_another_digest_are_an_error_in_their_place(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    kept = note(client, image_of(registry, "a"), "01")
    registry.repositories[NAME].blobs[kept.records[0].digest] = b"03"

    (found,) = read_records(client, kept.records)

    assert isinstance(found, InputError)


def test_there_may_be_no_image_or_no_record(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    image = image_of(registry, "a")

    assert find_records(client, "v1") == KeptRecords(image=image.descriptor.digest)
    assert find_records(client, "v2") == KeptRecords()


def test_of_several_manifests_the_newest_counts(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    image = image_of(registry, "a")
    for text in ("03", "09", "05"):
        note(client, image, text)

    assert texts(client, find_records(client, "v1")) == ["09"]


HOSTILE: list[dict[str, Any]] = [
    {"artifactType": "application/vnd.example.other"},
    {"subject": "b"},
    {"layers": "other"},
    {"layers": "large"},
    {"layers": "none"},
]


@pytest.mark.parametrize("change", HOSTILE, ids=str)
def test_manifests_that_are_something_else_are_passed_over(
    registry: InMemoryRegistry, change: dict[str, Any]
) -> None:
    client = talk_to(registry.address)
    image, other = image_of(registry, "a"), image_of(registry, "b", "v2")
    note(client, image, "01")
    (row,) = referrers_of(client, image.descriptor.digest)
    good = json.loads(client.get_manifest(str(row.digest))[1])
    blob = good["layers"][0]
    layers = {
        "other": [{**blob, "mediaType": "text/plain"}],
        "large": [{**blob, "size": LARGEST_RECORD + 1}],
        "none": [],
    }
    members = {**good, **change, "annotations": {BUILD_ID: "x", CREATED: "9999"}}
    if "layers" in change:
        members["layers"] = layers[change["layers"]]
    if "subject" in change:
        members["subject"] = other.descriptor.to_json()
    data = json.dumps(members).encode()
    described = Descriptor(media_type=media_type.MANIFEST, digest=Digest.of(data), size=len(data))
    registry.repositories[NAME].blobs.setdefault(Digest.parse(blob["digest"]), b"01")
    plant(registry, image, described, data)

    assert texts(client, find_records(client, "v1")) == ["01"]


def plant(registry: InMemoryRegistry, image: Image, described: Descriptor, data: bytes) -> None:
    """Put a manifest among the referrers of ``image``, whatever it says itself."""
    repository = registry.repositories[NAME]
    repository.manifests[described.digest] = StoredManifest(
        media_type=described.media_type, data=data
    )
    tag = fallback_tag(image.descriptor.digest)
    if tag in repository.tags:
        index = json.loads(repository.manifests[repository.tags[tag]].data)
        annotations = json.loads(data)["annotations"]
        index["manifests"].append({**described.to_json(), "annotations": annotations})
        body = json.dumps(index).encode()
        repository.manifests[Digest.of(body)] = StoredManifest(
            media_type=media_type.INDEX, data=body
        )
        repository.tags[tag] = Digest.of(body)


def test_a_registry_that_stays_away_is_an_error(registry: InMemoryRegistry) -> None:
    kept = note(talk_to(registry.address), image_of(registry, "a"), "01")
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Status(503), path="/blobs/"))

        with pytest.raises(NetworkError):
            read_records(talk_to(proxy.address), kept.records)


def test_what_somebody_else_attached_is_left_alone(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)
    image = image_of(registry, "a")
    data = json.dumps(
        {
            "schemaVersion": 2, "mediaType": media_type.MANIFEST,
            "artifactType": "application/vnd.example.sbom", "config": image.config.to_json(),
            "layers": [], "subject": image.descriptor.to_json() | {"platform": None},
        }
    ).encode()  # fmt: skip
    attach(client, image.descriptor.digest, Descriptor(
        media_type=media_type.MANIFEST, digest=Digest.of(data), size=len(data)), data)  # fmt: skip

    note(client, image, "01")

    assert texts(client, find_records(client, "v1")) == ["01"]
    assert len(referrers_of(client, image.descriptor.digest)) == 2
