"""Several services, one stack: equal wheels are equal layers, wherever they are built."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support.toys import lamina

LARGE = ToyWheel(name="torch", files={"torch/lib.bin": random.Random(1).randbytes(6_000_000)})
SMALL = [ToyWheel(name=name, files={f"{name}.py": b"1"}) for name in ("a", "b", "c")]
STACK = '\n[layers]\nwheels = [["torch"], ["a", "b"]]\n'


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryRegistry]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LAMINA_MEMO_KEY", "k" * 64)
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    with InMemoryRegistry() as registry:
        yield registry


def service(folder: Path, *wheels: ToyWheel, layers: str = "") -> Path:
    project = locked_project(folder / "project", wheels)
    (project / "main.py").write_text(f"name = {folder.name!r}\n")
    if layers:
        (project / "lamina.lock.toml").write_text(f"version = 1\n{layers}")
    return project


def push(project: Path, name: str, *words: str) -> None:
    """Build on a machine that has nothing, and push."""
    store = project.parent / "store"
    shutil.rmtree(store, ignore_errors=True)
    done = lamina("build", project, "-t", name, "--push", *words, store=store)
    assert done.code == 0, done.err


def layers(registry: InMemoryRegistry, repository: str) -> dict[str, int]:
    """Map the digests of an image's layers to their sizes."""
    kept = registry.repositories[repository]
    manifest: dict[str, Any] = json.loads(kept.manifests[kept.tags["1"]].data)
    return {row["digest"]: row["size"] for row in manifest["layers"]}


def test_services_with_equal_wheels_have_equal_layers(
    tmp_path: Path, registry: InMemoryRegistry
) -> None:
    """Neither the project nor the machine is in a layer of wheels."""
    push(service(tmp_path / "one", LARGE), f"{registry.address}/team/one:1")
    push(service(tmp_path / "two", LARGE, SMALL[0]), f"{registry.address}/team/two:1")

    one, two = layers(registry, "team/one"), layers(registry, "team/two")

    assert max(one, key=one.__getitem__) == max(two, key=two.__getitem__)
    assert set(one) != set(two)


def test_a_stack_is_pushed_once_and_services_send_only_what_it_lacks(
    tmp_path: Path, registry: InMemoryRegistry
) -> None:
    """The service's machine has neither the stack's wheels nor its layers."""
    stack = f"{registry.address}/team/stack"
    push(service(tmp_path / "stack", LARGE, *SMALL[:2], layers=STACK), f"{stack}:1")
    project = service(tmp_path / "two", LARGE, *SMALL, layers=STACK)
    (tmp_path / "two" / "wheels" / LARGE.filename).unlink()
    registry.reset()

    push(project, f"{registry.address}/team/two:1", "--cache-from", stack)

    shared = set(layers(registry, "team/stack")) & set(layers(registry, "team/two"))
    sent = {str(digest) for digest in registry.uploads()}
    sizes = layers(registry, "team/two")
    assert len(shared) >= 3  # torch, a and b together, and the empty environment
    assert not shared & sent
    assert sum(size for digest, size in sizes.items() if digest in sent) < 10_000


def test_small_wheels_are_shared_when_the_same_layers_are_written_down(
    tmp_path: Path, registry: InMemoryRegistry
) -> None:
    """Left to themselves, small wheels share one layer that is another with each wheel more."""
    for name, text in (("plain", ""), ("written", STACK)):
        for number, wheels in enumerate((SMALL[:2], SMALL)):
            project = service(tmp_path / f"{name}{number}", *wheels, layers=text)
            push(project, f"{registry.address}/team/{name}{number}:1")

    plain = set(layers(registry, "team/plain0")) & set(layers(registry, "team/plain1"))
    written = set(layers(registry, "team/written0")) & set(layers(registry, "team/written1"))

    assert len(written) == len(plain) + 1
