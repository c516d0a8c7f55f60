"""`lamina plan --against`: what a push will move, before anything is built, and it is true."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support import toys

BIG = ToyWheel(name="big", files={"big.bin": random.Random(1).randbytes(6_000_000)})
OTHER = ToyWheel(name="other", files={"other.bin": random.Random(2).randbytes(5_500_000)})
SMALL = ToyWheel(name="small", files={"small.py": b"one = 1\n"})
NEWER = ToyWheel(name="small", version="2.0", files={"small.py": b"two = 2\n"})


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        yield registry


def against(project: Path, name: str, store: Path) -> dict[str, object]:
    done = toys.lamina("plan", project, "--against", name, "--format", "json", store=store)
    assert done.code == 0, done.err
    found = json.loads(done.out)[0]["against"]
    assert isinstance(found, dict)
    return found


def test_nothing_is_moved_when_nothing_changed(registry: InMemoryRegistry, tmp_path: Path) -> None:
    name = f"{registry.address}/app:1"
    project = locked_project(tmp_path / "project", [BIG, SMALL])
    toys.lamina("build", project, "-t", name, "--push", store=tmp_path / "store")

    found = against(project, name, tmp_path / "store")

    assert (found["pushSize"], found["unpackSize"], found["isExact"]) == (0, 0, True)


def test_what_was_said_is_what_is_sent(registry: InMemoryRegistry, tmp_path: Path) -> None:
    """The machine that asks has never built the project; the manifest is all that it reads."""
    name = f"{registry.address}/app:1"
    project = locked_project(tmp_path / "project", [BIG, OTHER, SMALL])
    toys.lamina("build", project, "-t", name, "--push", store=tmp_path / "store")
    locked_project(project, [BIG, OTHER, NEWER])
    registry.reset()

    found = against(project, name, tmp_path / "cold")
    asked = registry.requests()
    done = toys.lamina("build", project, "-t", name, "--push", store=tmp_path / "store")

    assert done.code == 0, done.err
    assert [request.path for request in asked] == ["/v2/", "/v2/app/manifests/1"]
    layers = found["layers"]
    assert isinstance(layers, list)
    assert [row["name"] for row in layers if not row["isPresent"]] == ["tiny wheels", "files"]
    sent = sum(len(registry.repositories["app"].blobs[blob]) for blob in registry.uploads())
    assert sent - 5_000 < int(str(found["pushSize"])) <= sent


def test_a_changed_layer_below_makes_nodes_unpack_all_above(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    name = f"{registry.address}/app:1"
    project = locked_project(tmp_path / "project", [BIG, OTHER, SMALL])
    toys.lamina("build", project, "-t", name, "--push", store=tmp_path / "store")
    locked_project(project, [OTHER, SMALL])

    found = against(project, name, tmp_path / "store")

    assert int(str(found["pushSize"])) < 5_000  # the lock itself, which is a file of the project
    assert int(str(found["unpackSize"])) > 5_500_000


def test_where_there_is_no_image_all_is_sent(registry: InMemoryRegistry, tmp_path: Path) -> None:
    project = locked_project(tmp_path / "project", [BIG, SMALL])
    words = ("plan", project, "--against", f"{registry.address}/none:1")

    done = toys.lamina(*words, store=tmp_path / "store")

    assert done.code == 0
    assert re.search(r"6\.0 MB  in 4 of 4 layers: about what\s+the next push sends", done.out)


def test_of_several_platforms_the_plans_own_counts(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    name = f"{registry.address}/app:1"
    project = locked_project(tmp_path / "project", [SMALL])
    both = ("--platform", "linux/amd64,linux/arm64")
    toys.lamina("build", project, "-t", name, "--push", *both, store=tmp_path / "store")

    done = toys.lamina(
        "plan", project, "--against", name, "--format", "json", *both, store=tmp_path / "store"
    )

    assert [plan["against"]["pushSize"] for plan in json.loads(done.out)] == [0, 0]


def test_of_several_platforms_what_they_share_is_sent_once(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    """The wheel is for any platform, so both images have one layer of it."""
    name, store = f"{registry.address}/app:1", tmp_path / "store"
    project = locked_project(tmp_path / "project", [BIG])
    both = ("--platform", "linux/amd64,linux/arm64")
    toys.lamina("build", project, "-t", "app", *both, store=store)

    words = ("plan", project, "--against", name, *both)
    plans = json.loads(toys.lamina(*words, "--format", "json", store=store).out)
    text = toys.lamina(*words, store=store).out
    done = toys.lamina("push", "app", name, store=store)

    assert done.code == 0, done.err
    blobs = registry.repositories["app"].blobs
    sent = sum(len(blobs[blob]) for blob in registry.uploads())
    (total,) = {plan["against"]["pushSizeOfAll"] for plan in plans}
    assert sent - 5_000 < total <= sent
    assert sum(plan["against"]["pushSize"] for plan in plans) > 2 * 6_000_000
    assert re.search(r"6\.0 MB  in 3 layers are sent for all platforms together", text)


def test_a_platform_that_is_new_sends_no_layer_that_another_has(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    name, store = f"{registry.address}/app:1", tmp_path / "store"
    project = locked_project(tmp_path / "project", [BIG])
    one = toys.lamina(
        "build", project, "-t", name, "--push", "--platform", "linux/amd64", store=store
    )
    assert one.code == 0, one.err

    both = ("--platform", "linux/amd64,linux/arm64", "--format", "json")
    done = toys.lamina("plan", project, "--against", name, *both, store=store)

    assert [plan["against"]["pushSizeOfAll"] for plan in json.loads(done.out)] == [0, 0]


@pytest.mark.usefixtures("hasty")
def test_a_registry_that_is_away_is_an_error(tmp_path: Path) -> None:
    project = locked_project(tmp_path / "project", [SMALL])

    done = toys.lamina("plan", project, "--against", "127.0.0.1:1/app:1", store=tmp_path / "s")

    assert done.code == 4
