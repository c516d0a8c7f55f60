"""What refers to an image is found, whether the registry keeps a list or not."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lamina.errors import NetworkError
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.registry.client import RegistryClient
from lamina.registry.referrers import attach, fallback_tag, referrers_of
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import Rule, Status
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import Choices, InMemoryRegistry
from tests.registry.talking import NAME, talk_to


@pytest.fixture(params=[True, False], ids=["api", "fallback tag"])
def registry(request: pytest.FixtureRequest) -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry(choices=Choices(has_referrers=request.param)) as registry:
        yield registry


@pytest.fixture
def image(registry: InMemoryRegistry) -> Image:
    content = Memory()
    image = toy_image(content, "a")
    registry.keep(NAME, "v1", image, content)
    return image


def note(image: Image, text: str) -> tuple[Descriptor, bytes]:
    """Write a manifest about ``image``."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type.MANIFEST,
        "artifactType": "application/vnd.example.note",
        "config": image.config.to_json(),
        "layers": [],
        "subject": image.descriptor.to_json() | {"platform": None},
        "annotations": {"text": text},
    }
    data = json.dumps(manifest).encode()
    digest = Digest.of(data)
    return Descriptor(media_type=media_type.MANIFEST, digest=digest, size=len(data)), data


def texts(client: RegistryClient, image: Image) -> list[str]:
    return sorted(row.annotations["text"] for row in referrers_of(client, image.descriptor.digest))


def test_an_image_that_nobody_wrote_about_has_no_referrers(
    registry: InMemoryRegistry, image: Image
) -> None:
    assert texts(talk_to(registry.address), image) == []


def test_what_is_attached_is_found(registry: InMemoryRegistry, image: Image) -> None:
    client = talk_to(registry.address)

    for text in ("one", "two", "one"):
        attach(client, image.descriptor.digest, *note(image, text))

    assert texts(client, image) == ["one", "two"]


def test_the_tag_is_that_of_the_specification(image: Image) -> None:
    assert fallback_tag(image.descriptor.digest) == f"sha256-{image.descriptor.digest.hex}"


def test_a_registry_with_a_list_of_its_own_gets_no_tag(image: Image) -> None:
    with InMemoryRegistry() as registry:
        content = Memory()
        registry.keep(NAME, "v1", toy_image(content, "a"), content)

        attach(talk_to(registry.address), image.descriptor.digest, *note(image, "one"))

        assert list(registry.repositories[NAME].tags) == ["v1"]


def test_writers_at_the_same_time_leave_a_list_that_can_be_read(image: Image) -> None:
    """One that read before another wrote can still undo that: the tag has no compare-and-set."""
    with InMemoryRegistry(choices=Choices(has_referrers=False)) as registry:
        content = Memory()
        registry.keep(NAME, "v1", toy_image(content, "a"), content)
        barrier = threading.Barrier(4)

        def write(text: str) -> str:
            client = talk_to(registry.address)
            barrier.wait(10)
            try:
                attach(client, image.descriptor.digest, *note(image, text))
            except NetworkError:
                return ""
            return text

        with ThreadPoolExecutor(4) as pool:
            done = [text for text in pool.map(write, "abcd") if text]

        assert done, "somebody is always the last"
        assert len(texts(talk_to(registry.address), image)) >= 1


def test_a_list_that_is_overwritten_again_and_again_is_an_error(image: Image) -> None:
    with InMemoryRegistry(choices=Choices(has_referrers=False)) as registry:
        content = Memory()
        registry.keep(NAME, "v1", toy_image(content, "a"), content)
        with FaultProxy(registry.address) as proxy:
            tag = fallback_tag(image.descriptor.digest)
            proxy.use(Rule(Status(404), method="HEAD", path=f"/manifests/{tag}"))

            with pytest.raises(NetworkError, match="others keep writing"):
                attach(talk_to(proxy.address), image.descriptor.digest, *note(image, "one"))
