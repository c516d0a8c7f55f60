"""`lamina push` sends an image to registries, each byte once, and says where it cannot."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.layout.write import write_layout
from lamina.oci.annotations import BASE_NAME
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.testing.images import Memory, toy_image
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, lamina

OTHER = f"sha256:{'0' * 64}"


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as found:
        yield found


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """Write an image into the layout that :func:`push` sends."""
    content = Memory()
    image = toy_image(content, "a", "b")
    write_layout(tmp_path / "layout", image, content, names=("toy:1",))
    return image


def push(folder: Path, *words: str) -> Outcome:
    return lamina("push", f"oci:{folder}/layout", *words, store=folder / "store")


def test_a_second_repository_of_a_registry_takes_every_layer_over(
    registry: InMemoryRegistry, image: Image, tmp_path: Path
) -> None:
    done = push(tmp_path, f"{registry.address}/team/a:1", f"{registry.address}/team/b:1")

    assert done.code == 0, done.err
    assert len(registry.uploads()) == 3
    assert registry.repositories["team/b"].tags["1"] == image.descriptor.digest


def test_layers_are_taken_over_from_the_repository_that_an_image_is_called_by(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    project = locked_project(tmp_path / "project", [ToyWheel()])
    name, other = f"{registry.address}/team/app:1", f"{registry.address}/mirror/app:1"
    lamina("build", project, "-t", name, "--push", store=tmp_path / "store")
    registry.reset()

    done = lamina("push", name, other, store=tmp_path / "store")

    assert done.code == 0, done.err
    assert registry.uploads() == ()
    assert registry.repositories["mirror/app"].tags["1"] == Digest.parse(done.out.strip())


def test_layers_of_a_base_are_taken_over_from_its_repository(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    content = Memory()
    base = toy_image(content, "a")
    registry.keep("bases/python", "3", base, content)
    name = {BASE_NAME: f"{registry.address}/bases/python:3"}
    image = replace(toy_image(content, "a", "b"), annotations=name)
    write_layout(tmp_path / "layout", image, content, names=("toy:1",))

    done = push(tmp_path, f"{registry.address}/team/a:1")

    assert done.code == 0, done.err
    assert base.layers[0].descriptor.digest not in registry.uploads()
    assert image.layers[1].descriptor.digest in registry.uploads()


def test_a_base_that_nobody_could_name_is_no_reason_to_fail(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    content = Memory()
    image = replace(toy_image(content, "a"), annotations={BASE_NAME: "Not A Name"})
    write_layout(tmp_path / "layout", image, content, names=("toy:1",))

    assert push(tmp_path, f"{registry.address}/team/a:1").code == 0


def test_a_second_repository_that_a_build_pushes_to_gets_no_layer_bytes(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    big = ToyWheel(name="big", files={"big.bin": bytes(range(256)) * 30_000})
    project = locked_project(tmp_path / "project", [big, ToyWheel()])
    one, other = f"{registry.address}/team/a:1", f"{registry.address}/team/b:1"

    done = lamina("build", project, "-t", one, "-t", other, "--push", store=tmp_path / "store")

    assert done.code == 0, done.err
    assert len(registry.uploads()) == len(set(registry.uploads()))
    assert registry.repositories["team/b"].tags["1"] == Digest.parse(done.out.strip())
    sent = registry.requests(method="PUT", path_contains="team/b/blobs")
    assert sum(request.body_bytes for request in sent) == 0


@pytest.mark.parametrize("reference", [f"team/z@{OTHER}", f"team/z:1@{OTHER}"])
def test_another_digest_than_the_images_is_refused_before_anything_is_asked(
    registry: InMemoryRegistry, image: Image, tmp_path: Path, reference: str
) -> None:
    done = push(tmp_path, f"{registry.address}/team/good:1", f"{registry.address}/{reference}")

    assert done.code == 2
    assert str(image.descriptor.digest) in done.err
    assert registry.requests() == ()


def test_the_images_own_digest_is_where_it_can_be_had(
    registry: InMemoryRegistry, image: Image, tmp_path: Path
) -> None:
    done = push(tmp_path, f"{registry.address}/team/z@{image.descriptor.digest}")

    assert done.code == 0, done.err
    assert set(registry.repositories["team/z"].manifests) == {image.descriptor.digest}


def test_a_build_to_another_digest_is_refused_before_anything_is_sent(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    big = ToyWheel(name="big", files={"big.bin": bytes(range(256)) * 30_000})
    project = locked_project(tmp_path / "project", [big])
    output = f"docker://{registry.address}/team/z:1@{OTHER}"

    done = lamina("build", project, "-o", output, "--no-record", store=tmp_path / "store")

    assert done.code == 2
    assert "another digest" in done.err
    assert registry.requests() == ()


@pytest.mark.parametrize("name", ["", ":toy:1"])
@pytest.mark.usefixtures("image")
def test_a_layout_without_a_place_to_go_is_an_error_of_usage(tmp_path: Path, name: str) -> None:
    """The transport is no name of a repository, of all registries' least."""
    done = lamina("push", f"oci:{tmp_path}/layout{name}", store=tmp_path / "store")

    assert done.code == 2
    assert "say where to" in done.err


@pytest.mark.parametrize("place", ["oci:out", "oci:/tmp/out", "docker-daemon:app:1"])
@pytest.mark.usefixtures("image")
def test_a_place_that_is_no_registry_is_an_error_of_usage(tmp_path: Path, place: str) -> None:
    done = push(tmp_path, place)

    assert done.code == 2
    assert "is no reference of a registry" in done.err


def test_a_place_may_be_called_as_other_commands_call_it(
    registry: InMemoryRegistry, image: Image, tmp_path: Path
) -> None:
    done = push(tmp_path, f"docker://{registry.address}/team/a:1")

    assert done.code == 0, done.err
    assert registry.repositories["team/a"].tags["1"] == image.descriptor.digest


def test_what_a_registry_lost_is_sent_again_when_it_is_checked(
    registry: InMemoryRegistry, image: Image, tmp_path: Path
) -> None:
    place, lost = f"{registry.address}/team/a:1", image.layers[0].descriptor.digest
    push(tmp_path, place)
    del registry.repositories["team/a"].blobs[lost]
    registry.reset()

    done = push(tmp_path, place, "--check")

    assert done.code == 0, done.err
    assert registry.uploads() == (lost,)
