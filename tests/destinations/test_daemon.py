"""Loading: the engine gets what it lacks, its names move last, and a failure moves none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.destinations.daemon import DaemonDestination
from lamina.destinations.docker_engine import DockerEngine
from lamina.destinations.local_engine import EngineError, EngineRefusedError
from lamina.errors import ImageError, IntegrityError
from lamina.events import (
    Event,
    ImagePublished,
    Outcome,
    StepFinished,
    StepLogged,
    StepProgressed,
)
from lamina.oci.image import Image, Index
from lamina.oci.reference import Reference
from lamina.steps import Step
from lamina.store.store import Store
from lamina.testing.images import Memory, toy_image
from tests.support.fake_docker import STORES, FakeDocker, FakeImage


@pytest.fixture(params=STORES)
def docker(request: pytest.FixtureRequest) -> Iterator[FakeDocker]:
    with FakeDocker(request.param) as engine:
        yield engine


@pytest.fixture
def content() -> Memory:
    return Memory()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


class Load:
    """One load: what was told of it, and which layers were opened to be sent, try after try."""

    def __init__(
        self, docker: FakeDocker, store: Store, content: Memory, *names: str, into: str = ""
    ) -> None:
        self.events: list[Event] = []
        self._content = content
        self._before = len(content.opened)
        references = [Reference.parse(name) for name in names or (into or "toy:1",)]
        self._destination = DaemonDestination(DockerEngine(docker.place), references, store)

    def __call__(self, image: Image | Index) -> str:
        step = Step("write", self.events.append, lambda: 0.0)
        return str(self._destination.write(image, self._content, step).digest)

    @property
    def sent(self) -> list[str]:
        return [str(digest) for digest in self._content.opened[self._before :]]

    @property
    def published(self) -> list[str]:
        return [event.destination for event in self.events if isinstance(event, ImagePublished)]

    @property
    def log(self) -> list[str]:
        return [event.line for event in self.events if isinstance(event, StepLogged)]


def layers(image: Image) -> list[str]:
    return [str(layer.descriptor.digest) for layer in image.layers]


def id_in(docker: FakeDocker, image: Image) -> str:
    """Say what the engine calls an image."""
    document = image.config if docker.store == "classic" else image.descriptor
    return str(document.digest)


def test_the_image_is_there_under_each_of_its_names(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    image = toy_image(content, "a", "b")
    load = Load(docker, store, content, "toy:1", "shop.example/toy:stable")

    digest = load(image)

    assert docker.named("toy:1") == docker.named("shop.example/toy:stable") == id_in(docker, image)
    assert digest == str(image.descriptor.digest)
    assert load.published == ["docker-daemon:toy:1", "docker-daemon:shop.example/toy:stable"]
    assert load.sent == layers(image)


def test_of_a_changed_image_only_what_changed_is_sent(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    """Neither are the other layers opened: they may not even be on this machine."""
    Load(docker, store, content)(toy_image(content, "a", "b", "c"))
    changed = toy_image(content, "a", "b", "d")
    load = Load(docker, store, content)

    load(changed)

    assert load.sent == layers(changed)[2:]
    assert load.log == ["sent 1 of 3 layers; the engine unpacks what is new"]
    assert docker.named("toy:1") == id_in(docker, changed)


def test_layers_above_a_changed_one_are_sent_only_where_the_store_needs_them(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    """The classic store finds a layer by all below it; containerd's finds the blob."""
    Load(docker, store, content)(toy_image(content, "a", "b", "c"))
    changed = toy_image(content, "a", "d", "c")
    load = Load(docker, store, content)

    load(changed)

    expected = layers(changed)[1:] if docker.store == "classic" else layers(changed)[1:2]
    assert load.sent == expected
    assert len(docker.loads) == 2


def test_an_image_that_is_there_is_only_named(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    image = toy_image(content, "a")
    Load(docker, store, content)(image)
    load = Load(docker, store, content, into="other:2")

    load(image)

    assert len(docker.loads) == 1
    assert docker.named("other:2") == docker.named("toy:1") == id_in(docker, image)
    assert load.published == ["docker-daemon:other:2"]
    assert load.sent == []
    assert isinstance(load.events[-1], StepFinished)
    assert load.events[-1].outcome is Outcome.CACHED


def test_an_engine_that_lacks_what_it_was_thought_to_have_gets_all(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    with FakeDocker(docker.store) as other:
        old = toy_image(content, "a", "b")
        Load(other, store, content)(old)
        docker.boasts = [id_in(docker, old)]
        image = toy_image(content, "a", "b", "c")
        load = Load(docker, store, content)

        load(image)

    assert docker.named("toy:1") == id_in(docker, image)
    assert load.sent == [layers(image)[2], *layers(image)]
    assert len(docker.loads) == 2
    assert "the engine wants all layers" in load.log[1]


def test_what_is_not_known_of_the_engines_images_is_sent(
    docker: FakeDocker, store: Store, content: Memory, tmp_path: Path
) -> None:
    """Somebody else's image, or ours after the store was deleted."""
    Load(docker, store, content)(toy_image(content, "a", "b"))
    image = toy_image(content, "a", "c")
    load = Load(docker, Store.open(tmp_path / "new store"), content)

    load(image)

    assert load.sent == layers(image)


def test_a_refusal_in_the_stream_is_a_failure_and_moves_no_name(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    """An engine with a full disk answers 200, and then says so."""
    old = toy_image(content, "a")
    Load(docker, store, content)(old)
    docker.complaint = "write /usr/lib/x: no space left on device"
    load = Load(docker, store, content)

    with pytest.raises(EngineRefusedError) as caught:
        load(toy_image(content, "b"))

    assert caught.value.exit_code == 4
    assert caught.value.why == docker.complaint
    assert docker.named("toy:1") == id_in(docker, old)
    assert load.published == []


def test_a_refused_part_of_an_image_moves_no_name(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    """Not even where all of it cannot be had: its name would be on an image without layers."""
    old, absent = toy_image(content, "old"), toy_image(content, "absent")
    Load(docker, store, content)(old)
    for data in (absent.config_bytes, absent.manifest_bytes):
        store.blobs.add(data, media_type="")
    docker.boasts = [id_in(docker, absent)]
    image = toy_image(content, "absent", "new")
    del content.blobs[absent.layers[0].descriptor.digest]

    with pytest.raises(ImageError):
        Load(docker, store, content)(image)

    assert docker.named("toy:1") == id_in(docker, old)


def test_after_a_load_that_failed_in_the_middle_the_next_one_sends_all(
    store: Store, content: Memory
) -> None:
    """The store of containerd lists such an image, without a name and perhaps without layers."""
    with FakeDocker("containerd") as docker:
        image = toy_image(content, "a", "b")
        docker.images[id_in(docker, image)] = FakeImage()
        store.blobs.add(image.manifest_bytes, media_type=image.descriptor.media_type)
        load = Load(docker, store, content)

        load(image)

    assert load.sent == layers(image)


def test_an_engine_that_dies_is_an_error_of_the_outside_world(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    docker.patience = 600
    load = Load(docker, store, content)

    with pytest.raises(EngineError, match="went away") as caught:
        load(toy_image(content, "a", "b"))

    assert caught.value.exit_code == 4
    assert docker.images == {}
    assert load.published == []


def test_a_damaged_blob_never_becomes_part_of_an_image(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    image = toy_image(content, "a", "b")
    digest = image.layers[1].descriptor.digest
    content.blobs[digest] = content.blobs[digest][:-1] + b"?"

    with pytest.raises(IntegrityError):
        Load(docker, store, content)(image)

    assert docker.images == {}
    assert docker.loads == []


def test_progress_counts_the_bytes_that_are_sent(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    Load(docker, store, content)(toy_image(content, "a"))
    image = toy_image(content, "a", "b", "c")
    load = Load(docker, store, content)

    load(image)

    told = [event for event in load.events if isinstance(event, StepProgressed)]
    total = sum(layer.size for layer in image.layers[1:])
    assert {event.total for event in told} == {total}
    assert told[-1].current == total
    assert [event.current for event in told] == sorted(event.current for event in told)


def test_of_several_platforms_the_engine_gets_its_own(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    arm64, amd64 = (toy_image(content, name, architecture=name) for name in ("arm64", "amd64"))

    digest = Load(docker, store, content)(Index(images=(arm64, amd64)))

    assert docker.named("toy:1") == id_in(docker, amd64)
    assert digest == str(amd64.descriptor.digest)


def test_an_index_without_the_engines_platform_is_refused(
    docker: FakeDocker, store: Store, content: Memory
) -> None:
    index = Index(
        images=tuple(toy_image(content, "a", architecture=name) for name in ("arm64", "s390x"))
    )

    with pytest.raises(ImageError, match="linux/amd64"):
        Load(docker, store, content)(index)
