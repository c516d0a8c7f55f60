"""`lamina build --push` to a registry, and what is left when the registry refuses."""

from pathlib import Path

import pytest

from lamina.oci.digest import Digest
from lamina.testing.distribution.access import Basic
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support import toys

SECRET = "canary-s3cret"  # looked for in what is printed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel()])


def test_a_build_is_pushed_under_its_name(project: Path, tmp_path: Path) -> None:
    with InMemoryRegistry() as registry:
        name = f"{registry.address}/team/app:1"

        done = toys.lamina("build", project, "-t", name, "--push", store=tmp_path / "store")

        assert done.code == 0, done.err
        tags = registry.repositories["team/app"].tags
        assert tags["1"] == Digest.parse(done.out.strip())


def test_a_refused_push_leaves_a_name_that_can_be_pushed_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    with InMemoryRegistry(auth=Basic(user="alice", password=SECRET)) as registry:
        name = f"{registry.address}/team/app:1"
        refused = toys.lamina("build", project, "-t", name, "--push", store=store)
        monkeypatch.setenv("LAMINA_REGISTRY", registry.address)
        monkeypatch.setenv("LAMINA_REGISTRY_USER", "alice")
        monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", SECRET)

        again = toys.lamina("push", name, store=store)

        assert refused.code == 4
        assert again.code == 0, again.err
        assert "1" in registry.repositories["team/app"].tags
        assert SECRET not in refused.err + refused.out + again.err + again.out
