"""What a build has named can be used by the next command, wherever its layers are."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamina.cli.images import Wanted, opened
from lamina.layout.write import write_layout
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.store.store import Store
from lamina.testing.images import Memory
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support.bases import python_image
from tests.support.toys import Outcome, lamina

KEY = "canary-key-of-the-team"
BIG = ToyWheel(name="big", files={"big.bin": random.Random(1).randbytes(6_000_000)})
SMALL = ToyWheel(name="small", files={"small.py": b"one = 1\n"})


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as found:
        yield found


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A machine whose store was empty, and a registry that has all of an earlier image."""

    project: Path
    store: Path
    registry: InMemoryRegistry
    app: str

    def build(self, *words: str) -> Outcome:
        return lamina("build", self.project, *words, store=self.store)

    def lamina(self, *words: str) -> Outcome:
        return lamina(*words, store=self.store)

    @property
    def largest(self) -> Digest:
        """The layer of dependencies, which nobody made here."""
        blobs = self.registry.repositories["team/app"].blobs
        return max(blobs, key=lambda digest: len(blobs[digest]))

    @property
    def has_it(self) -> bool:
        return (self.store / "blobs/sha256" / self.largest.hex).exists()

    def read(self, name: str, platform: str = "") -> list[Digest]:
        """Read every layer of an image as `lamina run` does, and say what was read."""
        wanted = Wanted(name=name, platform=Platform.parse(platform) if platform else None)
        with opened(wanted, Store.open(self.store)) as found:
            digests = []
            for layer in found.image.layers:
                with found.content.open(layer.descriptor) as file:
                    digests.append(Digest.of(file.read()))
            assert digests == [layer.descriptor.digest for layer in found.image.layers]
        return digests


@pytest.fixture
def runner(tmp_path: Path, registry: InMemoryRegistry, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setenv("LAMINA_MEMO_KEY", KEY)
    app = f"{registry.address}/team/app"
    project = locked_project(tmp_path / "project", [BIG, SMALL])
    warm = lamina("build", project, "-t", f"{app}:1", "--push", store=tmp_path / "warm")
    assert warm.code == 0, warm.err
    registry.reset()
    return Runner(project=project, store=tmp_path / "cold", registry=registry, app=app)


def test_an_image_of_which_the_registry_has_layers_is_read_from_there(runner: Runner) -> None:
    built = runner.build("-t", "local", "--cache-from", runner.app)
    assert built.code == 0, built.err
    assert not runner.has_it

    assert runner.largest in runner.read("local")

    assert runner.has_it
    runner.registry.reset()
    assert runner.read("local")
    assert runner.registry.requests() == ()


def test_a_pushed_image_goes_to_another_registry(runner: Runner) -> None:
    name = f"{runner.app}:2"
    built = runner.build("-t", name, "--push")
    assert built.code == 0, built.err
    assert not runner.has_it

    with InMemoryRegistry() as other:
        pushed = runner.lamina("push", name, f"{other.address}/far/app:2")

        assert pushed.code == 0, pushed.err
        assert other.repositories["far/app"].tags["2"] == Digest.parse(built.out.strip())


@pytest.mark.parametrize("words", [("--push",), ("--cache-from",)])
def test_within_a_registry_it_is_taken_over_and_does_not_pass_through_here(
    runner: Runner, words: tuple[str, ...]
) -> None:
    name = f"{runner.app}:2" if words == ("--push",) else "local"
    more = words if words == ("--push",) else (*words, runner.app)
    assert runner.build("-t", name, *more).code == 0

    pushed = runner.lamina("push", name, f"{runner.registry.address}/near/app:2")

    assert pushed.code == 0, pushed.err
    assert not runner.has_it
    assert runner.largest in runner.registry.repositories["near/app"].blobs
    assert runner.largest not in runner.registry.uploads()


def test_a_push_that_fails_leaves_a_name_that_can_be_pushed_elsewhere(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamina.http.retry.backoff_s", lambda attempt: attempt / 1000)
    nowhere = "127.0.0.1:1/team/app:2"
    failed = runner.build("-t", nowhere, "--push", "--cache-from", runner.app)
    assert failed.code == 4

    pushed = runner.lamina("push", nowhere, f"{runner.registry.address}/team/fresh:2")

    assert pushed.code == 0, pushed.err


def test_a_layer_that_the_registry_has_lost_is_made_by_the_build_that_names_it(
    runner: Runner,
) -> None:
    lost = runner.largest
    del runner.registry.repositories["team/app"].blobs[lost]

    built = runner.build("-t", "local", "--cache-from", runner.app)

    assert built.code == 0, built.err
    assert lost in runner.read("local")


def test_a_layer_that_was_lost_later_is_an_error_that_says_what_to_do(runner: Runner) -> None:
    runner.build("-t", "local", "--cache-from", runner.app)
    del runner.registry.repositories["team/app"].blobs[runner.largest]

    failed = runner.lamina("push", "local", f"{runner.registry.address}/near/app:2")
    again = runner.build("-t", "local", "--cache-from", runner.app)

    assert failed.code == 3
    assert f"{runner.app}" in failed.err
    assert "`lamina build`" in failed.err
    assert again.code == 0, again.err
    assert runner.read("local")


def test_other_bytes_are_not_kept(runner: Runner) -> None:
    runner.build("-t", "local", "--cache-from", runner.app)
    blobs, largest = runner.registry.repositories["team/app"].blobs, runner.largest
    blobs[largest] = blobs[largest][:-1] + b"!"

    with InMemoryRegistry() as other:
        failed = runner.lamina("push", "local", f"{other.address}/far/app:2")

    assert failed.code == 3
    assert "does not have its digest" in failed.err
    assert not (runner.store / "blobs/sha256" / largest.hex).exists()


def test_where_a_named_image_has_its_layers_survives_a_prune(runner: Runner) -> None:
    runner.build("-t", "local", "--cache-from", runner.app)
    pruned = runner.lamina("cache", "prune")
    assert pruned.code == 0, pruned.err

    assert runner.largest in runner.read("local")


@pytest.mark.parametrize("kind", ["registry", "oci"])
def test_so_are_layers_of_a_base_whose_contents_the_memo_knew(
    runner: Runner, tmp_path: Path, kind: str
) -> None:
    content = Memory()
    base = python_image(content)
    if kind == "oci":
        write_layout(tmp_path / "base", base, content, names=("base",))
        name = f"oci:{tmp_path}/base"
    else:
        runner.registry.keep("bases/python", "3", base, content)
        name = f"{runner.registry.address}/bases/python:3"
    settings = runner.project / "pyproject.toml"
    settings.write_text(settings.read_text().replace("scratch:3.11", name).replace("scratch", name))
    on = ("--platform", "linux/amd64")
    warm = lamina(
        "build", runner.project, "-t", f"{runner.app}:b", "--push", *on, store=tmp_path / "warm"
    )
    assert warm.code == 0, warm.err

    built = runner.build("-t", "local", "--cache-from", runner.app, *on)

    assert (built.code, built.out) == (0, warm.out), built.err
    assert base.layers[0].descriptor.digest in runner.read("local", "linux/amd64")
