"""`lamina lock` pins the base, and builds and plans use what it wrote."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.oci.image import Index
from lamina.project.base_pin import BasePin
from lamina.project.lock_file import LockFile, render_lock_file
from lamina.testing.distribution.access import Basic
from lamina.testing.images import Memory
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support.bases import python_index
from tests.support.toys import Outcome, lamina

SECRET = "canary-s3cret"  # looked for in what is printed and written
AMD64 = ("--platform", "linux/amd64")


class Bench:
    """A project with a lock of somebody else's, on a base whose tag ``3`` moves."""

    def __init__(self, folder: Path, registry: InMemoryRegistry) -> None:
        self.registry = registry
        self.store = folder / "store"
        self.project = locked_project(folder / "project", [ToyWheel()])
        self.content = Memory()
        self.old = self.move("old")
        self.stand_on(self.tag)

    @property
    def tag(self) -> str:
        return f"{self.registry.address}/bases/python:3"

    @property
    def pins(self) -> Path:
        return self.project / "lamina.lock.toml"

    def move(self, mark: str) -> Index:
        index = python_index(self.content, mark)
        self.registry.keep("bases/python", "3", index, self.content)
        return index

    def stand_on(self, base: str) -> None:
        (self.project / "pyproject.toml").write_text(f'[tool.lamina]\nbase = "{base}"\n')

    def lamina(self, command: str, *words: str) -> Outcome:
        return lamina(command, self.project, *words, store=self.store)

    def base_of_plan(self, *words: str) -> str:
        done = self.lamina("plan", "--format", "json", *AMD64, *words)
        assert done.code == 0, done.err
        return str(json.loads(done.out)[0]["base"]["reference"])


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        yield registry


@pytest.fixture
def bench(tmp_path: Path, registry: InMemoryRegistry, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return Bench(tmp_path, registry)


def test_the_base_alone_is_pinned_beside_a_lock_that_lamina_does_not_write(bench: Bench) -> None:
    done = bench.lamina("lock", "--only", "base")

    digest = bench.old.descriptor.digest
    assert (done.code, done.out) == (0, f"{bench.pins}: {bench.tag} is {digest}\n"), done.err
    pin = BasePin(reference=bench.tag, digest=digest)
    assert bench.pins.read_text() == render_lock_file(LockFile(base_pins=(pin,)))
    assert bench.pins.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in bench.project.iterdir()) == [
        "lamina.lock.toml",
        "pylock.toml",
        "pyproject.toml",
    ]


def test_a_build_stands_on_the_pin_when_the_tag_has_moved_on(bench: Bench) -> None:
    """The registry is asked for the digest, and not once for the tag."""
    bench.lamina("lock", "--only", "base")
    bench.move("new")
    bench.registry.reset()

    reference = bench.base_of_plan("--pull")
    built = bench.lamina("build", "-t", "app", "--pull", *AMD64)

    assert built.code == 0, built.err
    assert reference == f"{bench.tag}@{bench.old.descriptor.digest}"
    asked = {r.path.rpartition("/")[2] for r in bench.registry.requests(path_contains="/manifests")}
    assert asked
    assert "3" not in asked


def test_a_pin_changes_nothing_while_the_tag_has_not_moved(bench: Bench) -> None:
    unpinned = bench.lamina("plan", "--format", "json", *AMD64).out
    bench.lamina("lock", "--only", "base")

    pinned = json.loads(bench.lamina("plan", "--format", "json", *AMD64).out)

    (plan,) = json.loads(unpinned)
    own = [layer for layer in plan["layers"] if layer["name"] != "files"]
    assert [layer for layer in pinned[0]["layers"] if layer["name"] != "files"] == own
    assert pinned[0]["base"] == plan["base"]


def test_a_pin_stays_until_it_is_upgraded(bench: Bench) -> None:
    bench.lamina("lock", "--only", "base")
    first, written = bench.pins.read_text(), bench.pins.stat().st_mtime_ns
    new = bench.move("new").descriptor.digest
    bench.registry.reset()

    kept = bench.lamina("lock", "--only", "base")
    was_asked = bool(bench.registry.requests())
    moved = bench.lamina("lock", "--only", "base", "--upgrade")

    assert (kept.code, moved.code, was_asked) == (0, 0, False)
    assert f"is {bench.old.descriptor.digest}" in kept.out
    assert f"is {new}" in moved.out
    assert str(new) in bench.pins.read_text() != first
    assert written < bench.pins.stat().st_mtime_ns


def test_an_unchanged_pin_is_not_written_again(bench: Bench) -> None:
    """The time of the file is one of those that say whether the own wheel is still good."""
    bench.lamina("lock", "--only", "base")
    before = bench.pins.stat()

    bench.lamina("lock", "--only", "base", "--upgrade")

    assert (bench.pins.stat().st_ino, bench.pins.stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


def test_a_pin_of_the_base_before_is_ignored_with_a_warning(bench: Bench) -> None:
    bench.lamina("lock", "--only", "base")
    other = f"{bench.registry.address}/bases/python:4"
    bench.registry.keep("bases/python", "4", python_index(bench.content, "four"), bench.content)
    bench.stand_on(other)

    done = bench.lamina("plan", *AMD64)

    assert done.code == 0, done.err
    assert f"warning: lamina.lock.toml pins {bench.tag}, and the base is {other}" in done.err
    assert bench.lamina("lock", "--only", "base").code == 0
    assert bench.tag not in bench.pins.read_text()
    assert "warning" not in bench.lamina("plan", *AMD64).err


def test_the_base_of_a_variant_is_pinned_too(bench: Bench) -> None:
    other = f"{bench.registry.address}/bases/python:4"
    four = python_index(bench.content, "four")
    bench.registry.keep("bases/python", "4", four, bench.content)
    path = bench.project / "pyproject.toml"
    path.write_text(f'{path.read_text()}[tool.lamina.variants.four]\nbase = "{other}"\n')

    done = bench.lamina("lock", "--only", "base")

    assert done.code == 0, done.err
    assert bench.base_of_plan("--variant", "four") == f"{other}@{four.descriptor.digest}"
    assert bench.base_of_plan() == f"{bench.tag}@{bench.old.descriptor.digest}"
    assert "warning" not in bench.lamina("plan", *AMD64, "--variant", "four").err


def test_a_base_that_needs_no_pin_loses_the_file(bench: Bench) -> None:
    bench.lamina("lock", "--only", "base")
    bench.stand_on("scratch:3.12")

    done = bench.lamina("lock", "--only", "base")

    assert (done.code, done.out) == (0, f"{bench.pins}: removed, for scratch:3.12 needs no pin\n")
    assert not bench.pins.exists()


def test_a_digest_in_the_settings_needs_no_pin(bench: Bench) -> None:
    bench.stand_on(f"{bench.tag}@{bench.old.descriptor.digest}")
    bench.move("new")

    done = bench.lamina("lock", "--only", "base")

    assert (done.code, done.out, bench.registry.requests()) == (0, "", ())
    assert not bench.pins.exists()
    assert bench.base_of_plan() == f"{bench.tag}@{bench.old.descriptor.digest}"


@pytest.mark.usefixtures("wheels")
def test_distributions_and_base_are_pinned_together(bench: Bench) -> None:
    (bench.project / "requirements.in").write_text("toy\n")

    done = bench.lamina("lock")

    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        f"{bench.project}/requirements.txt: 1 distribution pinned",
        f"{bench.pins}: {bench.tag} is {bench.old.descriptor.digest}",
    ]


@pytest.mark.usefixtures("wheels")
def test_one_can_be_upgraded_without_the_other(bench: Bench) -> None:
    (bench.project / "requirements.in").write_text("toy\n")
    bench.lamina("lock")
    before = bench.pins.read_text()
    bench.move("new")

    done = bench.lamina("lock", "--only", "distributions", "--upgrade")

    assert done.code == 0, done.err
    assert bench.pins.read_text() == before


@pytest.mark.usefixtures("wheels")
def test_a_registry_that_refuses_leaves_both_as_they_were(bench: Bench) -> None:
    (bench.project / "requirements.in").write_text("toy\n")
    with InMemoryRegistry(auth=Basic(user="alice", password=SECRET)) as closed:
        bench.stand_on(f"{closed.address}/bases/python:3")

        done = bench.lamina("lock")

    assert (done.code, done.out) == (4, "")
    assert not (bench.project / "requirements.txt").exists()
    assert not bench.pins.exists()
    assert bench.lamina("lock", "--only", "distributions").code == 0


def test_a_tag_that_is_not_there_is_an_error(bench: Bench) -> None:
    bench.stand_on(f"{bench.registry.address}/bases/python:none")

    done = bench.lamina("lock", "--only", "base")

    assert done.code == 3
    assert "there is no none in" in done.err


def test_a_file_that_somebody_broke_stops_every_command(bench: Bench) -> None:
    bench.pins.write_text('version = 1\n[base."x"]\ndigest = "sha1:1"\n')

    for words in (["plan"], ["lock", "--only", "base"]):
        done = bench.lamina(*words)

        assert done.code == 3
        assert "error: what `lamina lock` wrote cannot be read" in done.err
        assert "is not a SHA-256 digest" in done.err


def test_no_password_is_written_or_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LAMINA_REGISTRY_USER", "alice")
    monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", SECRET)
    with InMemoryRegistry(auth=Basic(user="alice", password=SECRET)) as registry:
        monkeypatch.setenv("LAMINA_REGISTRY", registry.address)
        bench = Bench(tmp_path, registry)

        done = bench.lamina("lock", "--only", "base")

    assert done.code == 0, done.err
    assert SECRET not in done.out + done.err + bench.pins.read_text()
    assert "alice" not in bench.pins.read_text()


@pytest.fixture
def wheels(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make the folder of toy wheels the only index, of a project without a lock."""
    (bench.project / "pylock.toml").unlink()
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(bench.project.parent / "wheels"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))


def with_dockerfile(bench: Bench, image: str) -> str:
    """Let BuildKit start from an image, and the native engine from nothing."""
    bench.stand_on("scratch")
    path = bench.project / "pyproject.toml"
    path.write_text(f'{path.read_text()}[tool.lamina.buildkit]\nbase = "{image}"\n')
    return bench.lamina("dockerfile").out


def test_the_image_that_only_the_dockerfile_starts_from_is_pinned_too(bench: Bench) -> None:
    with_dockerfile(bench, bench.tag)

    done = bench.lamina("lock", "--only", "base")
    text = with_dockerfile(bench, bench.tag)

    digest = bench.old.descriptor.digest
    assert f"{bench.pins}: {bench.tag} is {digest}\n" in done.out, done.err
    assert "docker/Dockerfile starts from what was pinned before" in done.out
    assert f"ARG BASE={bench.tag}@{digest}\n" in text
    bench.move("new")
    check = lamina("base", "check", bench.project, *AMD64, store=bench.store)
    assert f"{bench.tag}  linux/amd64: there is a newer one" in check.out, check.err
    again = bench.lamina("lock", "--only", "base")
    assert "pinned before" not in again.out


def test_without_its_registry_everything_else_is_locked_with_a_note(bench: Bench) -> None:
    image = bench.tag.replace("/python:3", "/nothing:1")
    with_dockerfile(bench, image)

    done = bench.lamina("lock", "--only", "base")

    assert done.code == 0, done.err
    assert f"{image}, which docker/Dockerfile starts from, is not pinned: " in done.err
    assert not bench.pins.exists()


def test_a_pin_of_the_dockerfile_is_no_stale_pin_of_the_base(bench: Bench) -> None:
    with_dockerfile(bench, bench.tag)
    bench.lamina("lock", "--only", "base")

    done = bench.lamina("plan", *AMD64)

    assert done.code == 0, done.err
    assert "so run `lamina lock`" not in done.err
