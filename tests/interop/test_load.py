"""Images are loaded into real engines: what is sent, what runs, and what a refusal leaves."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamina.bases.apt_transport import HELPER
from lamina.destinations.daemon import DaemonDestination
from lamina.destinations.docker_engine import DockerEngine
from lamina.destinations.podman import PodmanProgram
from lamina.errors import LaminaError
from lamina.events import Event, StepLogged
from lamina.http.local import Address
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.reference import Reference
from lamina.steps import Step
from lamina.store.store import Store
from lamina.testing.images import Memory, toy_image
from tests.interop.conftest import needs
from tests.support.docker_engine import Docker
from tests.support.greeter import Greeter
from tests.support.tools import LAMINA

NAME = "greeter:load"


@pytest.fixture
def greeter(shared: Path, tmp_path: Path, docker: Docker) -> Iterator[Greeter]:
    """Make a project whose base is in the store that all tests share."""
    if not HELPER.is_file():
        pytest.skip("the base is assembled from the apt archive that the host trusts: no apt here")
    variables = {"DOCKER_HOST": f"unix://{docker.socket}"}
    yield Greeter(folder=tmp_path / "greeter", store=shared / "store", variables=variables)
    docker.attempt("rmi", "-f", NAME)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


class Boasting(DockerEngine):
    """An engine that was thought to have an image."""

    boast: frozenset[Digest] = frozenset()

    def image_ids(self) -> frozenset[Digest]:
        return super().image_ids() | self.boast


def engine_of(docker: Docker) -> Boasting:
    return Boasting(Address(path=str(docker.socket)))


def load(engine: Any, image: Image, content: Memory, store: Store, name: str) -> list[str]:
    """Load a toy image; return what the load says of itself."""
    events: list[Event] = []
    step = Step("write", events.append, lambda: 0.0)
    DaemonDestination(engine, [Reference.parse(name)], store).write(image, content, step)
    return [event.line for event in events if isinstance(event, StepLogged)]


def sent(count: int, of: int) -> str:
    return f"sent {count} of {of} layers; the engine unpacks what is new"


def sizes(greeter: Greeter, *words: str) -> list[int]:
    """Build; return how many bytes of layers were sent, in a list that is empty if none were."""
    done = subprocess.run(
        [*LAMINA, "build", greeter.folder, "--platform", "linux/amd64", "--progress", "rawjson",
         *words],
        check=True, capture_output=True, text=True, env=greeter.environment,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stderr.splitlines()]
    writing = [row["step"] for row in rows if row["event"] == "ImagePublished"]
    progress = [row for row in rows if row["event"] == "StepProgressed" and row["step"] in writing]
    return [row["total"] for row in progress][-1:]


def image_id(docker: Docker, name: str) -> str:
    return docker("image", "inspect", "--format", "{{.Id}}", name).strip()


def test_a_loaded_image_runs_and_a_source_edit_sends_that_alone(
    greeter: Greeter, docker: Docker
) -> None:
    """The base, 18 MB and more, is sent once; the edit is less than 1 kB."""
    greeter.says("first")
    first = sizes(greeter, "-t", NAME, "--load")
    said_first = docker("run", "--rm", "--network=none", NAME)
    greeter.says("second")

    second = sizes(greeter, "-t", NAME, "--load")

    assert said_first == "first\n"
    assert docker("run", "--rm", "--network=none", NAME) == "second\n"
    assert first[-1] > 10_000_000
    assert 0 < second[-1] < 1000


def test_what_is_there_is_only_named(greeter: Greeter, docker: Docker) -> None:
    greeter.says("named")
    digest = greeter.build("-t", NAME, "--load")

    again = sizes(greeter, "-o", "docker-daemon:shop.example/greeter:1")

    config = greeter.document(digest)["config"]["digest"]
    assert again == []
    assert image_id(docker, "shop.example/greeter:1") == image_id(docker, NAME)
    assert image_id(docker, NAME) in {digest, config}
    docker("rmi", "shop.example/greeter:1")


def test_an_engine_without_the_layers_refuses_and_gets_all(
    docker: Docker, store: Store, tmp_path: Path
) -> None:
    content = Memory()
    absent = toy_image(content, "a", "never loaded")
    for data in (absent.config_bytes, absent.manifest_bytes):
        store.blobs.add(data, media_type="")
    engine = engine_of(docker)
    engine.boast = frozenset({absent.config.digest, absent.descriptor.digest})
    image = toy_image(content, "a", "never loaded", "more")

    said = load(engine, image, content, store, "toy:boast")

    assert [said[0], said[2]] == [sent(1, of=3), sent(3, of=3)]
    assert "wants all layers" in said[1]
    assert image_id(docker, "toy:boast") in {str(image.config.digest), str(image.descriptor.digest)}
    docker("save", "-o", tmp_path / "saved.tar", "toy:boast")  # fails where a layer is missing
    docker("rmi", "-f", "toy:boast")


def test_a_refused_image_leaves_the_name_where_it_was(docker: Docker, store: Store) -> None:
    """A layer that does not have its diff_id is found out when the engine unpacks it."""
    content = Memory()
    good, other = toy_image(content, "good"), toy_image(content, "other")
    load(engine_of(docker), good, content, store, "toy:stays")
    before = image_id(docker, "toy:stays")
    lying = replace(other, layers=(replace(other.layers[0], diff_id=Digest.of(b"something")),))

    with pytest.raises(LaminaError) as caught:
        load(engine_of(docker), lying, content, store, "toy:stays")

    assert caught.value.exit_code == 4
    assert image_id(docker, "toy:stays") == before
    docker("rmi", "-f", "toy:stays")


def test_an_image_for_another_architecture_is_loaded_as_it_is(docker: Docker, store: Store) -> None:
    content = Memory()
    image = toy_image(content, "arm", architecture="arm64")

    load(engine_of(docker), image, content, store, "toy:arm")

    found = docker("image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", "toy:arm")
    assert found == "linux/arm64\n"
    docker("rmi", "-f", "toy:arm")


def test_podman_takes_what_it_lacks_too(tmp_path: Path, store: Store) -> None:
    needs("podman")
    (tmp_path / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/root"\nrunroot = "{tmp_path}/run"\n'
    )
    environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(tmp_path / "storage.conf")}
    podman = PodmanProgram(str(shutil.which("podman")), environment)
    content = Memory()
    old, image = toy_image(content, "a", "b"), toy_image(content, "a", "c")

    first = load(podman, old, content, store, "toy:podman")
    second = load(podman, image, content, store, "toy:podman")

    assert first == [sent(2, of=2)]
    assert second == [sent(1, of=2)]
    found = subprocess.run(
        ["podman", "image", "inspect", "--format", "{{.Id}} {{len .RootFS.Layers}}", "toy:podman"],
        check=True, capture_output=True, text=True, env=environment,
    ).stdout  # fmt: skip
    assert found == f"{image.config.digest.hex} 2\n"
