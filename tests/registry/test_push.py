"""An image gets into a repository with few requests, and its tag last."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lamina.errors import ImageError, LaminaError, NetworkError
from lamina.events import BlobTransferred, Event, StepProgressed, StepWarned, Transfer
from lamina.image.blobs import ImageTree, tree_of
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.registry.client import RegistryClient
from lamina.registry.push import push
from lamina.steps import Step, silent_step
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import Rule, SetHeaders, Status
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import InMemoryRegistry
from tests.registry.talking import NAME, describe, talk_to

TAGS = ("v1", "latest")


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        yield registry


@pytest.fixture
def content() -> Memory:
    return Memory()


@pytest.fixture
def image(content: Memory) -> Image:
    return toy_image(content, "a", "b")


def send(
    image: Image | Index,
    content: Memory,
    client: RegistryClient,
    *tags: str,
    is_checked: bool = False,
) -> list[Event]:
    events: list[Event] = []
    step = Step("push", events.append, lambda: 0.0)
    tree = tree_of(image)
    push(tree, content, client, tags=tags or ("v1",), step=step, is_checked=is_checked)
    return events


def transfers(events: list[Event]) -> list[Transfer]:
    return [event.transfer for event in events if isinstance(event, BlobTransferred)]


def asked(registry: InMemoryRegistry) -> list[str]:
    """List the requests, less the first question of a client."""
    rows = [row for row in registry.requests() if row.path != "/v2/"]
    return [f"{row.method} {row.path.split('/')[4]}" for row in rows]


def test_a_new_image_is_sent_whole_and_then_its_tags(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    events = send(image, content, talk_to(registry.address), *TAGS)

    repository = registry.repositories[NAME]
    assert repository.tags == dict.fromkeys(TAGS, image.descriptor.digest)
    assert repository.manifests[image.descriptor.digest].data == image.manifest_bytes
    assert set(repository.blobs) == {blob.digest for blob in tree_of(image).blobs}
    assert transfers(events) == [Transfer.UPLOADED] * 3
    assert any(isinstance(event, StepProgressed) for event in events)
    assert [row for row in asked(registry) if row.startswith("PUT")] == (
        ["PUT blobs"] * 3 + ["PUT manifests"] * 2
    )


def test_an_image_that_is_there_is_one_question(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    send(image, content, talk_to(registry.address))
    registry.reset()
    content.opened.clear()

    events = send(image, content, talk_to(registry.address))

    assert asked(registry) == ["HEAD manifests"]
    assert (transfers(events), content.opened) == ([], [])


def test_another_tag_of_it_is_put_and_nothing_else(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    send(image, content, talk_to(registry.address), "v1")
    registry.reset()

    send(image, content, talk_to(registry.address), "v1", "v2")

    assert asked(registry) == [
        "HEAD manifests",
        "HEAD manifests",
        "PUT manifests",
        "HEAD manifests",
    ]
    assert registry.repositories[NAME].tags["v2"] == image.descriptor.digest


def test_of_a_changed_image_only_what_is_new_is_sent_and_opened(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    """One layer is new, and the config; the old layers are asked for once each."""
    send(image, content, talk_to(registry.address))
    changed = toy_image(content, "a", "b", "c")
    registry.reset()
    content.opened.clear()

    events = send(changed, content, talk_to(registry.address))

    assert sorted(transfers(events)) == ["present", "present", "uploaded", "uploaded"]
    assert content.opened == [changed.layers[2].descriptor.digest]
    assert len(registry.requests(method="HEAD", path_contains="/blobs/")) == 4
    assert set(registry.uploads()) == {changed.layers[2].descriptor.digest, changed.config.digest}


def test_an_image_that_was_deleted_is_pushed_again(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    client = talk_to(registry.address)
    send(image, content, client)
    for blob in tree_of(image).blobs:
        assert client.delete_blob(blob.digest)
    assert client.delete_manifest(str(image.descriptor.digest))

    send(image, content, client)

    assert registry.repositories[NAME].tags["v1"] == image.descriptor.digest
    assert len(registry.repositories[NAME].blobs) == 3


def test_without_a_tag_the_image_can_be_had_by_its_digest(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    push(tree_of(image), content, talk_to(registry.address), tags=(), step=silent_step())

    assert list(registry.repositories[NAME].manifests) == [image.descriptor.digest]
    assert registry.repositories[NAME].tags == {}


def test_an_index_comes_after_its_images(registry: InMemoryRegistry, content: Memory) -> None:
    images = tuple(toy_image(content, "a", architecture=name) for name in ("amd64", "arm64"))
    index = Index(images=images)

    events = send(index, content, talk_to(registry.address))

    repository = registry.repositories[NAME]
    assert repository.tags == {"v1": index.descriptor.digest}
    assert repository.manifests[index.descriptor.digest].media_type == media_type.INDEX
    digests = {index.descriptor.digest, *(image.descriptor.digest for image in images)}
    assert set(repository.manifests) == digests
    assert len(transfers(events)) == 3, "a layer that both have is sent once"


def two_platforms(content: Memory) -> Index:
    return Index(images=tuple(toy_image(content, n, architecture=n) for n in ("amd64", "arm64")))


def test_an_index_that_is_there_is_asked_for_with_its_images(
    registry: InMemoryRegistry, content: Memory
) -> None:
    send(two_platforms(content), content, talk_to(registry.address))
    registry.reset()

    send(two_platforms(content), content, talk_to(registry.address))

    assert asked(registry) == ["HEAD manifests"] * 3


def test_an_image_that_an_index_lost_is_put_again_with_its_layers(
    registry: InMemoryRegistry, content: Memory
) -> None:
    """As a registry's garbage collection leaves it that does not look into indexes."""
    index = two_platforms(content)
    send(index, content, talk_to(registry.address))
    repository, lost = registry.repositories[NAME], index.images[1]
    del repository.manifests[lost.descriptor.digest]
    del repository.blobs[lost.layers[0].descriptor.digest]

    send(index, content, talk_to(registry.address))

    assert repository.manifests[lost.descriptor.digest].data == lost.manifest_bytes
    assert {blob.digest for blob in tree_of(index).blobs} == set(repository.blobs)


def test_an_image_is_repaired_when_every_blob_is_asked_for(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    send(image, content, talk_to(registry.address))
    lost = image.layers[0].descriptor.digest
    del registry.repositories[NAME].blobs[lost]
    registry.reset()

    events = send(image, content, talk_to(registry.address), is_checked=True)

    assert registry.uploads() == (lost,)
    assert sorted(transfers(events)) == ["present", "present", "uploaded"]
    assert len(registry.requests(method="HEAD", path_contains="/blobs/")) == 3


def test_an_image_that_is_whole_is_checked_without_an_upload(
    registry: InMemoryRegistry, content: Memory
) -> None:
    index = two_platforms(content)
    send(index, content, talk_to(registry.address))
    registry.reset()

    send(index, content, talk_to(registry.address), is_checked=True)

    assert sorted(asked(registry)) == ["HEAD blobs"] * 4 + ["HEAD manifests"] * 3


def test_blobs_are_taken_over_from_where_they_are(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    send(image, content, talk_to(registry.address, name="base"))
    registry.reset()
    content.opened.clear()

    events = send(image, content, talk_to(registry.address, mounts=("base",)))

    assert transfers(events) == [Transfer.MOUNTED] * 3
    assert (registry.uploads(), content.opened) == ((), [])


def test_a_push_that_fails_moves_no_tag(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    old = toy_image(content, "old")
    send(old, content, talk_to(registry.address))
    del content.blobs[image.layers[1].descriptor.digest]

    with pytest.raises(ImageError):
        send(image, content, talk_to(registry.address))

    assert registry.repositories[NAME].tags == {"v1": old.descriptor.digest}


@pytest.mark.parametrize("number", range(1, 14))
def test_a_push_that_ends_at_any_request_leaves_the_tag_old_or_whole(
    registry: InMemoryRegistry, content: Memory, image: Image, number: int
) -> None:
    """Whichever request is the last, nobody pulls half an image."""
    old = toy_image(content, "old")
    send(old, content, talk_to(registry.address))
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Status(403), nth=tuple(range(number + 1, 99))))
        try:
            send(image, content, talk_to(proxy.address))
        except LaminaError as error:
            assert isinstance(error, NetworkError)  # noqa: PT017 - late enough faults do no harm

    repository = registry.repositories[NAME]
    assert repository.tags["v1"] in {old.descriptor.digest, image.descriptor.digest}
    if repository.tags["v1"] == image.descriptor.digest:
        assert {blob.digest for blob in tree_of(image).blobs} <= set(repository.blobs)


def test_somebody_who_moves_the_tag_at_the_same_time_is_told_of(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    other = {"Docker-Content-Digest": str(Digest.of(b"theirs"))}
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(SetHeaders(other), method="HEAD", path="/manifests/v1", nth=(2,)))

        events = send(image, content, talk_to(proxy.address))

    (warning,) = (event.text for event in events if isinstance(event, StepWarned))
    assert "somebody else moved the tag v1" in warning


def test_a_manifest_that_no_registry_would_take_is_not_sent(
    registry: InMemoryRegistry, content: Memory
) -> None:
    image = replace(toy_image(content, "a"), annotations={"x": "y" * (4 << 20)})

    with pytest.raises(ImageError, match="registries take 4194304"):
        send(image, content, talk_to(registry.address))

    assert registry.requests(method="PUT", path_contains="/manifests/") == ()


def test_the_bytes_of_somebody_elses_manifest_stay_as_they_are(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    """A manifest with other spaces has another digest, and keeps it."""
    send(image, content, talk_to(registry.address))
    data = image.manifest_bytes + b"\n"
    root = replace(describe(data), media_type=media_type.MANIFEST)
    tree = ImageTree(root=root, manifests={root: data}, blobs=tree_of(image).blobs, documents={})

    push(tree, content, talk_to(registry.address), tags=("theirs",), step=silent_step())

    assert registry.repositories[NAME].manifests[root.digest].data == data


def test_tags_are_listed_page_by_page(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    names = [f"v{number}" for number in range(5)]
    send(image, content, talk_to(registry.address), *names)
    with FaultProxy(registry.address) as proxy:
        more = {"Link": f'</v2/{NAME}/tags/list?last=v4>; rel="next"'}
        proxy.use(Rule(SetHeaders(more), path="/tags/list$"))

        assert sorted(set(talk_to(proxy.address).list_tags())) == names
        assert len(proxy.requests(path_contains="/tags/list")) == 2


def test_the_next_page_is_on_the_same_registry_or_nowhere(
    registry: InMemoryRegistry, content: Memory, image: Image
) -> None:
    send(image, content, talk_to(registry.address))
    with FaultProxy(registry.address) as proxy:
        more = {"Link": f'<http://localhost:1/v2/{NAME}/tags/list>; rel="next"'}
        proxy.use(Rule(SetHeaders(more), path="/tags/list"))

        with pytest.raises(NetworkError, match="said to be elsewhere"):
            talk_to(proxy.address).list_tags()


def test_deleting_what_is_not_there_is_no_error(registry: InMemoryRegistry) -> None:
    client = talk_to(registry.address)

    assert not client.delete_manifest("v1")
    assert not client.delete_blob(Descriptor.from_json(
        {"mediaType": "x", "digest": str(Digest.of(b"")), "size": 0}).digest)  # fmt: skip
