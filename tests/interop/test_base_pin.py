"""A base is pinned, checked and moved against a real registry, and the doctor gets in there."""

from pathlib import Path

import pytest

from lamina.image.blobs import tree_of
from lamina.oci.digest import Digest
from lamina.registry.push import push
from lamina.steps import silent_step
from lamina.testing.images import Memory
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.registry.talking import talk_to
from tests.support import toys
from tests.support.bases import python_index
from tests.support.registry import PROGRAM, USER, guarded_registry
from tests.support.toys import lamina

pytestmark = pytest.mark.slow


def move(address: str, mark: str) -> Digest:
    """Push another base under the same tag."""
    content = Memory()
    index = python_index(content, mark)
    client = talk_to(address, name="bases/python")
    push(tree_of(index), content, client, tags=("3",), step=silent_step())
    return index.descriptor.digest


def test_a_base_is_pinned_checked_and_moved(
    loopback_registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    store, layout = tmp_path / "store", tmp_path / "layout"
    project = locked_project(tmp_path / "project", [ToyWheel()])
    tag = f"{loopback_registry}/bases/python:3"
    (project / "pyproject.toml").write_text(f'[tool.lamina]\nbase = "{tag}"\n')
    old = move(loopback_registry, "old")
    locked = lamina("lock", project, "--only", "base", store=store)
    current = lamina("base", "check", project, store=store)
    new = move(loopback_registry, "new")

    built = toys.build(project, layout, store, "--pull")
    checked = lamina("base", "check", project, store=store)
    moved = lamina("lock", project, "--only", "base", "--upgrade", store=store)

    assert (locked.code, current.code, built.code) == (0, 0, 0), built.err
    annotations = toys.manifest(layout)["annotations"]
    assert annotations["org.opencontainers.image.base.name"] == tag
    assert annotations["org.opencontainers.image.base.digest"] == str(old)
    assert checked.code == 1
    assert f"now       {new}" in checked.out
    assert moved.out == f"{project}/lamina.lock.toml: {tag} is {new}\n"


@pytest.mark.skipif(
    not PROGRAM.exists(), reason="docker-registry is not unpacked: run `make tools` as root"
)
def test_the_doctor_knows_a_registry_with_tls_and_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LAMINA_REGISTRY_USER", USER)
    with guarded_registry(tmp_path, has_tls=True) as registry:
        monkeypatch.setenv("LAMINA_REGISTRY", registry.address)
        folder = tmp_path / ".config/containers/certs.d" / registry.address
        words = ("doctor", f"{registry.address}/team/app")
        untrusted = lamina(*words, store=tmp_path / "store")
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes((registry.authority or folder).read_bytes())
        refused = lamina(*words, store=tmp_path / "store")
        monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", registry.password)

        done = lamina(*words, store=tmp_path / "store")

    assert (untrusted.code, refused.code) == (1, 1)
    assert "CERTIFICATE_VERIFY_FAILED" in untrusted.out
    assert "answered 401" in refused.out
    assert f"https://{registry.address} lets us in, with a user and a password" in done.out
    assert f"{folder}: for this registry alone" in done.out
    assert registry.password not in done.out
