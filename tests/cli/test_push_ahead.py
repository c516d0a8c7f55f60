"""`lamina build --push` sends layers while others are still made, and the tag at last."""

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.oci.digest import Digest
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import CloseRequestAfter, Rule
from lamina.testing.loopback import Connection, LoopbackService
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, lamina

pytestmark = pytest.mark.slow

SOON = ToyWheel(name="soon", files={"soon.bin": random.Random(1).randbytes(6_000_000)})
LATE = ToyWheel(name="late", files={"late.bin": random.Random(2).randbytes(6_500_000)})
_PATIENCE_S = 20


class PatientIndex(LoopbackService):
    """Serves a wheel once the registry has received a layer, and 404 if it never does."""

    def __init__(self, registry: InMemoryRegistry, wheel: bytes | None) -> None:
        super().__init__()
        self._registry = registry
        self._wheel = wheel
        self.has_seen_a_layer = False

    def serve(self, connection: Connection) -> None:
        """Wait, and answer."""
        for _ in range(_PATIENCE_S * 100):
            if any(size > 5_000_000 for size in self._sizes()):
                self.has_seen_a_layer = True
                break
            threading.Event().wait(0.01)
        if self._wheel is None or not self.has_seen_a_layer:
            connection.reply(404, {})
        else:
            connection.reply(200, {}, self._wheel)

    def _sizes(self) -> Iterator[int]:
        blobs = self._registry.repositories["demo/app"].blobs
        return (len(blobs[digest]) for digest in self._registry.uploads() if digest in blobs)


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as found:
        yield found


def project_of(folder: Path, index: PatientIndex) -> Path:
    """Lock a wheel that is beside the project, and one that the index has."""
    project = locked_project(folder / "project", [SOON, LATE])
    lock = project / "pylock.toml"
    there = (folder / "wheels" / LATE.filename).as_uri()
    text = lock.read_text()
    assert there in text
    lock.write_text(text.replace(there, f"{index.origin}/{LATE.filename}"))
    return project


def built(project: Path, reference: str, *more: str) -> Outcome:
    words = ("-t", reference, "--push", "--platform", "linux/amd64", *more)
    return lamina("build", project, *words, store=project.parent / "store")


def wheel_bytes(folder: Path) -> bytes:
    return LATE.write(folder / "made").read_bytes()


def test_a_layer_is_there_before_the_last_wheel_has_come(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    with PatientIndex(registry, wheel_bytes(tmp_path)) as index:
        done = built(project_of(tmp_path, index), f"{registry.address}/demo/app:1")

    assert done.code == 0, done.err
    assert index.has_seen_a_layer
    assert registry.repositories["demo/app"].tags["1"] == Digest.parse(done.out.strip())
    assert len(registry.uploads()) == len(set(registry.uploads()))
    asked = [one.path for one in registry.requests(method="HEAD", path_contains="/blobs/")]
    assert len(asked) == len(set(asked))


def test_an_image_that_fails_gets_no_tag_and_no_manifest(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    with PatientIndex(registry, None) as index:
        done = built(project_of(tmp_path, index), f"{registry.address}/demo/app:1")

    assert (done.code, index.has_seen_a_layer) == (4, True), done.err
    assert not registry.repositories["demo/app"].tags
    assert not registry.repositories["demo/app"].manifests


def test_two_tags_of_a_repository_get_each_layer_once(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    project = locked_project(tmp_path / "project", [SOON, LATE])

    done = built(project, f"{registry.address}/demo/app:1", "-t", f"{registry.address}/demo/app:2")

    assert done.code == 0, done.err
    assert registry.repositories["demo/app"].tags.keys() == {"1", "2"}
    assert len(registry.uploads()) == len(set(registry.uploads()))


def test_the_head_start_is_beside_the_build_and_no_part_of_its_critical_path(
    registry: InMemoryRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))
    project = locked_project(tmp_path / "project", [SOON, LATE])
    built(project, f"{registry.address}/demo/app:1")

    build = json.loads(lamina("history", "export", store=tmp_path / "store").out)
    steps = {step["name"]: step for step in build["steps"]}

    assert not steps["push ahead"].get("inputs")
    assert not [x for x in build["steps"] if steps["push ahead"]["id"] in x.get("inputs", ())]


@pytest.mark.usefixtures("hasty")
def test_what_breaks_on_the_way_is_sent_by_the_push(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    project = locked_project(tmp_path / "project", [SOON, LATE])
    with FaultProxy(registry.address) as proxy:
        proxy.use(Rule(CloseRequestAfter(100_000), method="PUT", path="/blobs/", nth=(1, 2, 3)))
        done = built(project, f"{proxy.address}/demo/app:1")

    assert done.code == 0, done.err
    assert registry.repositories["demo/app"].tags["1"] == Digest.parse(done.out.strip())


def test_the_projects_own_files_wait_for_the_finished_image(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    """They may hold what a check of the image finds; dependencies are public or somebody else's."""
    with PatientIndex(registry, None) as index:
        project = project_of(tmp_path, index)
        (project / "pyproject.toml").write_text(
            (project / "pyproject.toml").read_text() + 'include = ["own.bin"]\n'
        )
        own = random.Random(3).randbytes(50_000)
        (project / "own.bin").write_bytes(own)
        done = built(project, f"{registry.address}/demo/app:1")

    assert done.code == 4, done.err
    blobs = registry.repositories["demo/app"].blobs
    assert {len(blobs[digest]) > 5_000_000 for digest in registry.uploads()} == {True}
