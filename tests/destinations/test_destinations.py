"""Every destination: written whole, told once, the same when written twice, the old one kept."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from lamina.cli.images import Wanted, opened
from lamina.cli.outputs import parse_output
from lamina.destinations.archive import ArchiveDestination
from lamina.destinations.layout import LayoutDestination
from lamina.destinations.named import NamedDestination
from lamina.errors import ImageError, UsageError
from lamina.events import Event, ImagePublished, StepFinished
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.protocols import Content, Destination
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.images import Memory, toy_image
from lamina.testing.projects import tree_digest

Make = Callable[[Path], Destination]
AMD64 = Platform("linux", "amd64")
DESTINATIONS: dict[str, Make] = {
    "layout": lambda folder: LayoutDestination(folder / "out", ("toy:1",)),
    "archive": lambda folder: ArchiveDestination(
        folder / "toy.tar", ("toy:1",), transport="oci-archive"
    ),
}


def find(text: str, store: Store, platform: Platform) -> tuple[Image, Content]:
    with opened(Wanted(name=text, platform=platform), store) as found:
        return found.image, found.content


@pytest.fixture
def content() -> Memory:
    return Memory()


@pytest.fixture(params=DESTINATIONS)
def make(request: pytest.FixtureRequest) -> Make:
    return DESTINATIONS[request.param]


def test_what_was_written_is_described_and_told(
    make: Make, tmp_path: Path, content: Memory
) -> None:
    image, events = toy_image(content, "a"), list[Event]()

    descriptor = make(tmp_path).write(image, content, Step("write", events.append, lambda: 0.0))

    (published,) = (event for event in events if isinstance(event, ImagePublished))
    assert descriptor == image.descriptor
    assert published.digest == image.descriptor.digest
    assert published.destination.startswith(("oci:", "oci-archive:"))
    assert isinstance(events[-1], StepFinished)


def test_writing_twice_is_writing_once(make: Make, tmp_path: Path, content: Memory) -> None:
    image = toy_image(content, "a", "b")
    make(tmp_path).write(image, content, silent_step())
    before = tree_digest(tmp_path)

    make(tmp_path).write(image, content, silent_step())

    assert tree_digest(tmp_path) == before


def test_a_failure_half_way_is_told_and_nothing_is_published(
    make: Make, tmp_path: Path, content: Memory
) -> None:
    image, events = toy_image(content, "a"), list[Event]()
    content.blobs.clear()

    with pytest.raises(ImageError):
        make(tmp_path).write(image, content, Step("write", events.append, lambda: 0.0))

    assert not any(isinstance(event, ImagePublished) for event in events)
    assert not (tmp_path / "out/index.json").exists()
    assert not (tmp_path / "toy.tar").exists()


def in_store(store: Store, *names: str) -> tuple[Image, Content]:
    """Make an image whose layers are in the store, as an engine leaves it."""
    memory = Memory()
    image = toy_image(memory, *names)
    for layer in image.layers:
        store.blobs.add(
            memory.blobs[layer.descriptor.digest], media_type=layer.descriptor.media_type
        )
    return image, store.blobs


def test_an_image_that_stays_in_the_store_is_found_by_each_of_its_names(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    image, content = in_store(store, "a")

    NamedDestination(store, ("toy:1", "toy:latest")).write(image, content, silent_step())

    assert find("toy:1", store, AMD64)[0] == image
    assert find("toy", store, AMD64)[0] == image
    with pytest.raises(ImageError, match="no image other:latest in the store"):
        find("other", store, AMD64)


def test_a_name_moves_to_the_newer_image(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    old, content = in_store(store, "a")
    new, _ = in_store(store, "b")

    for image in (old, new):
        NamedDestination(store, ("toy:1",)).write(image, content, silent_step())

    assert find("toy:1", store, AMD64)[0] == new


def test_an_index_in_the_store_is_found_by_platform(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    amd64, content = in_store(store, "a")
    arm64 = replace(amd64, platform=Platform("linux", "arm64"))

    NamedDestination(store, ("toy:1",)).write(Index(images=(amd64, arm64)), content, silent_step())

    assert find("toy:1", store, Platform("linux", "arm64"))[0] == arm64


def test_an_image_of_a_layout_is_found_with_its_blobs(tmp_path: Path, content: Memory) -> None:
    image = toy_image(content, "a")
    LayoutDestination(tmp_path / "out", ("toy:1",)).write(image, content, silent_step())
    store = Store.open(tmp_path / "store")

    found, blobs = find(f"oci:{tmp_path}/out:toy:1", store, AMD64)

    assert found == image
    with blobs.open(image.layers[0].descriptor) as file:
        assert file.read() == content.blobs[image.layers[0].descriptor.digest]


@pytest.mark.parametrize(
    "text", ["", "oci", "oci:", "docker-archive:", "ftp:x", "out", ":x", "docker:x"]
)
def test_a_destination_of_no_kind_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not a destination"):
        parse_output(text, (), _no_client)


def _no_client(reference: Reference, *, mounts: Sequence[Reference] = ()) -> NoReturn:  # noqa: ARG001
    raise AssertionError("nobody asked for a registry")


def test_a_name_in_the_destination_counts_more_than_the_tags(
    tmp_path: Path, content: Memory
) -> None:
    image = toy_image(content, "a")

    parse_output(f"oci:{tmp_path}/out:special", ("toy:1",), _no_client).write(
        image, content, silent_step()
    )

    assert find(f"oci:{tmp_path}/out:special", Store.open(tmp_path / "s"), AMD64)[0] == image
    with pytest.raises(ImageError):
        find(f"oci:{tmp_path}/out:toy:1", Store.open(tmp_path / "s"), AMD64)


def test_destinations_ask_for_each_blob_once(make: Make, tmp_path: Path, content: Memory) -> None:
    amd64 = toy_image(content, "a", "b")
    arm64 = replace(amd64, platform=Platform("linux", "arm64"))

    make(tmp_path).write(Index(images=(amd64, arm64)), content, silent_step())

    expected: list[Descriptor] = [layer.descriptor for layer in amd64.layers]
    assert content.opened == [descriptor.digest for descriptor in expected]
