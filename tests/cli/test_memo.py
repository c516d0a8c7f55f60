"""The registry is the cache: a machine that has nothing builds and pushes without what is there."""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.errors import NetworkError
from lamina.oci.digest import Digest
from lamina.registry import memo as memo_module
from lamina.testing.distribution.repository import StoredManifest
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.toys import Outcome

pytestmark = pytest.mark.slow

KEY = "canary-key-of-the-team"
BIG = ToyWheel(name="big", files={"big.bin": random.Random(1).randbytes(6_000_000)})
OTHER = ToyWheel(name="other", files={"other.bin": random.Random(2).randbytes(6_000_000)})
SMALL = ToyWheel(name="small", files={"small.py": b"one = 1\n"})
NEWER = ToyWheel(name="small", version="2.0", files={"small.py": b"two = 2\n"})


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        yield registry


class Team:
    """Machines that build one project, each with a store of its own, for one registry."""

    def __init__(self, folder: Path, registry: InMemoryRegistry) -> None:
        self.folder = folder
        self.registry = registry
        self.app = f"{registry.address}/team/app"

    def build(self, machine: str, *wheels: ToyWheel, words: tuple[str, ...] = ()) -> Outcome:
        """Build on ``machine``; the wheels are there to be fetched, unless they are hidden."""
        project = locked_project(self.folder / "project", wheels)
        return toys.lamina("build", project, *words, store=self.folder / machine)

    def push(self, machine: str, *wheels: ToyWheel, words: tuple[str, ...] = ()) -> Outcome:
        done = self.build(machine, *wheels, words=("-t", f"{self.app}:1", "--push", *words))
        assert done.code == 0, done.err
        return done

    def push_without(self, hidden: ToyWheel, machine: str, *wheels: ToyWheel) -> Outcome:
        """Push from a machine that could not fetch ``hidden`` if it tried."""
        project = locked_project(self.folder / "project", wheels)
        (self.folder / "wheels" / hidden.filename).unlink()
        words = ("-t", f"{self.app}:1", "--push")
        return toys.lamina("build", project, *words, store=self.folder / machine)

    def memo(self) -> dict[str, object]:
        repository = self.registry.repositories["team/app"]
        manifest = json.loads(repository.manifests[repository.tags["lamina-memo"]].data)
        assert isinstance(manifest, dict)
        return manifest


@pytest.fixture
def team(tmp_path: Path, registry: InMemoryRegistry, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("LAMINA_MEMO_KEY", KEY)
    return Team(tmp_path, registry)


def test_a_cold_machine_neither_fetches_nor_sends_an_unchanged_dependency(
    team: Team, registry: InMemoryRegistry
) -> None:
    team.push("first", BIG, SMALL)
    registry.reset()

    cold = team.push_without(BIG, "cold", BIG, NEWER)

    assert cold.code == 0, cold.err
    sent = sum(request.body_bytes for request in registry.requests())
    received = sum(request.response_bytes for request in registry.requests())
    assert sent + received < 100_000


def test_its_image_is_the_one_that_is_built_from_nothing(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.push("first", BIG, SMALL)
    cold = team.push_without(BIG, "cold", BIG, NEWER)
    monkeypatch.delenv("LAMINA_MEMO_KEY")

    alone = team.build("alone", BIG, NEWER, words=("-t", "app:1"))

    assert cold.out == alone.out


def test_a_whole_layer_is_not_taken_for_a_lean_one(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry remembers the wheel's layer without a diet; with one it is another layer."""
    tested = replace(BIG, files={**BIG.files, "big/tests/test_big.py": b"assert True\n"})
    team.push("first", tested, SMALL)
    settings = "[tool.lamina.diet]\ntests = true\n"
    project = locked_project(team.folder / "project", (tested, SMALL), settings=settings)
    words = ("build", project, "-t", f"{team.app}:2", "--push", "-o", f"oci:{team.folder / 'out'}")

    lean = toys.lamina(*words, store=team.folder / "cold")
    monkeypatch.delenv("LAMINA_MEMO_KEY")
    alone = toys.lamina("build", project, "-t", "app:1", store=team.folder / "alone")

    assert lean.code == 0, lean.err
    assert lean.out == alone.out
    paths = toys.files(toys.tree(toys.layer_tars(team.folder / "out")))
    assert not [path for path in paths if "/tests/" in path]


def test_without_a_key_nothing_is_remembered(
    team: Team, registry: InMemoryRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAMINA_MEMO_KEY")

    team.push("first", BIG)

    assert set(registry.repositories["team/app"].tags) == {"1"}


def test_a_memo_of_another_key_is_not_used(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.push("first", BIG, SMALL)
    monkeypatch.setenv("LAMINA_MEMO_KEY", "a key that somebody else made up")

    done = team.push_without(BIG, "cold", BIG, NEWER)

    assert done.code == 4
    assert "is not used: its seal is not of this key" in done.err


@pytest.mark.slow
def test_a_poisoned_memo_puts_nothing_into_an_image(team: Team, registry: InMemoryRegistry) -> None:
    """Whoever may push swaps two layers in the memo: right blobs, wrong names."""
    team.push("first", BIG, OTHER, SMALL)
    good = team.build("alone", BIG, OTHER, SMALL, words=("-t", "app:1"))
    repository = registry.repositories["team/app"]
    poison(registry)

    done = team.push("cold", BIG, OTHER, SMALL)

    assert done.out == good.out
    assert "is not used" in done.err
    assert repository.tags["1"] == Digest.parse(good.out.strip())


def poison(registry: InMemoryRegistry) -> None:
    """Swap the descriptors of the first two layers, and leave the seal as it was."""
    repository = registry.repositories["team/app"]
    manifest = json.loads(repository.manifests[repository.tags["lamina-memo"]].data)
    named = manifest["layers"][0]
    document = json.loads(repository.blobs[Digest.parse(named["digest"])])
    one, two = document["layers"][:2]
    one["descriptor"], two["descriptor"] = two["descriptor"], one["descriptor"]
    one["diffId"], two["diffId"] = two["diffId"], one["diffId"]
    data = json.dumps(document).encode()
    repository.blobs[Digest.of(data)] = data
    manifest["layers"][0] = {**named, "digest": str(Digest.of(data)), "size": len(data)}
    text = json.dumps(manifest).encode()
    stored = StoredManifest(media_type=manifest["mediaType"], data=text)
    repository.manifests[Digest.of(text)] = stored
    repository.tags["lamina-memo"] = Digest.of(text)


def test_what_the_registry_has_lost_is_made_after_all(
    team: Team, registry: InMemoryRegistry
) -> None:
    first = team.push("first", BIG, SMALL)
    repository = registry.repositories["team/app"]
    largest = max(repository.blobs, key=lambda digest: len(repository.blobs[digest]))
    del repository.blobs[largest]
    for digest in (repository.tags.pop("1"),):
        del repository.manifests[digest]
    registry.reset()

    cold = team.push("cold", BIG, SMALL)

    assert cold.out == first.out
    assert largest in registry.uploads()


def test_lost_contents_are_no_failure(team: Team, registry: InMemoryRegistry) -> None:
    first = team.push("first", BIG, SMALL)
    kept = team.memo()["layers"]
    assert isinstance(kept, list)
    for row in kept[1:]:
        del registry.repositories["team/app"].blobs[Digest.parse(row["digest"])]

    cold = team.push("cold", BIG, SMALL)

    assert cold.out == first.out
    assert "does not help with a layer" in cold.err


def test_a_second_push_of_the_same_writes_no_memo(team: Team, registry: InMemoryRegistry) -> None:
    team.push("first", BIG, SMALL)
    registry.reset()

    team.push("first", BIG, SMALL)

    assert registry.requests(method="PUT") == ()
    assert registry.uploads() == ()


def test_an_image_built_before_is_remembered_when_it_is_pushed(team: Team) -> None:
    """The layers are in the store by then, and nobody makes them."""
    team.build("first", BIG, SMALL, words=("-t", "app:1"))
    team.push("first", BIG, SMALL)

    cold = team.push_without(BIG, "cold", BIG, NEWER)

    assert cold.code == 0, cold.err


def test_layers_that_one_branch_had_are_there_for_the_next(team: Team) -> None:
    """The memo is the repository's, and not an image's."""
    team.push("first", BIG, SMALL)
    team.push("first", OTHER, SMALL)

    cold = team.push_without(BIG, "cold", BIG, OTHER)

    assert cold.code == 0, cold.err


def test_without_the_cache_every_wheel_is_fetched(team: Team) -> None:
    team.push("first", BIG)

    project = locked_project(team.folder / "project", [BIG])
    (team.folder / "wheels" / BIG.filename).unlink()
    words = ("-t", f"{team.app}:1", "--push", "--no-cache")
    done = toys.lamina("build", project, *words, store=team.folder / "cold")

    assert done.code == 4
    assert BIG.filename in done.err


def test_another_repository_can_be_the_cache(team: Team, registry: InMemoryRegistry) -> None:
    """Its layers are taken over inside the registry, and travel nowhere."""
    cache = f"{registry.address}/team/cache"
    team.push("first", BIG, SMALL, words=("--cache-to", cache))
    del registry.repositories["team/app"].tags["lamina-memo"]
    registry.reset()

    project = locked_project(team.folder / "project", [BIG, NEWER])
    (team.folder / "wheels" / BIG.filename).unlink()
    words = ("-t", f"{registry.address}/team/next:1", "--push", "--cache-from", cache)
    cold = toys.lamina("build", project, *words, store=team.folder / "cold")

    assert cold.code == 0, cold.err
    assert sum(request.body_bytes for request in registry.requests()) < 100_000
    assert registry.requests(method="POST", path_contains="team/next/blobs/uploads")


def test_a_cache_that_is_written_is_read_and_taken_over_from(
    team: Team, registry: InMemoryRegistry
) -> None:
    cache = ("--cache-to", f"{registry.address}/team/cache")
    team.push("first", BIG, SMALL, words=cache)
    registry.reset()

    project = locked_project(team.folder / "project", [BIG, NEWER])
    (team.folder / "wheels" / BIG.filename).unlink()
    words = ("-t", f"{registry.address}/team/next:1", "--push", *cache)
    cold = toys.lamina("build", project, *words, store=team.folder / "cold")

    assert cold.code == 0, cold.err


def test_a_key_may_end_with_a_newline(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those do that are read from files."""
    team.push("first", BIG, SMALL)
    monkeypatch.setenv("LAMINA_MEMO_KEY", f"{KEY}\n")

    cold = team.push_without(BIG, "cold", BIG, NEWER)

    assert cold.code == 0, cold.err


def test_a_key_may_be_of_any_bytes(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_MEMO_KEY", os.fsdecode(b"\xff\xfe" * 10))

    team.push("first", BIG)


def test_a_layout_gets_every_byte_from_a_cold_machine(team: Team, tmp_path: Path) -> None:
    """A place that has nothing asks for all of it, and then the layers are made."""
    team.push("first", BIG, SMALL)
    cache = ("--cache-from", team.app)

    cold = team.build("cold", BIG, SMALL, words=("-o", f"oci:{tmp_path}/out", *cache))
    alone = team.build("alone", BIG, SMALL, words=("-o", f"oci:{tmp_path}/alone"))

    assert cold.code == 0, cold.err
    assert cold.out == alone.out
    blobs = [{p.name for p in (tmp_path / n / "blobs/sha256").iterdir()} for n in ("out", "alone")]
    assert blobs[0] == blobs[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cache-from", "localhost:1/a:tag"), "has a tag or digest"),
        (("--cache-to", "localhost:1/A"), "is not an image reference"),
    ],
)
def test_a_cache_is_named_as_a_repository(team: Team, words: tuple[str, ...], said: str) -> None:
    done = team.build("first", SMALL, words=("-t", "app:1", *words))

    assert done.code == 2
    assert said in done.err


def test_a_cache_needs_a_key(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAMINA_MEMO_KEY")

    done = team.build("first", SMALL, words=("-t", "app:1", "--cache-from", team.app))

    assert done.code == 2
    assert "LAMINA_MEMO_KEY" in done.err


def test_a_short_key_is_refused(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_MEMO_KEY", "short")

    done = team.build("first", SMALL, words=("-t", f"{team.app}:1", "--push"))

    assert done.code == 2
    assert "short" not in done.err


def test_a_registry_that_takes_no_memo_still_has_the_image(
    team: Team, registry: InMemoryRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise NetworkError("tags cannot be overwritten here")

    monkeypatch.setattr(memo_module, "_write", refuse)

    done = team.push("first", BIG)

    assert "tags cannot be overwritten here" in done.err
    assert "1" in registry.repositories["team/app"].tags


def test_the_key_is_nowhere(team: Team, registry: InMemoryRegistry) -> None:
    done = team.push("first", BIG, SMALL)

    files = b"".join(p.read_bytes() for p in team.folder.rglob("*") if p.is_file())
    blobs = b"".join(registry.repositories["team/app"].blobs.values())
    assert KEY not in done.out + done.err
    assert KEY.encode() not in files + blobs
