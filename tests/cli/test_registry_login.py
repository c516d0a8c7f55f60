"""Who we are to a registry is in no output, no event and no record, and goes to one registry."""

import json
from pathlib import Path

import pytest

from lamina.testing.distribution.access import Basic
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support import toys

SECRET = "canary-s3cret"  # looked for in what is printed and kept


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))
    return locked_project(tmp_path / "project", [ToyWheel()])


def holding(text: str, folder: Path, *but: str) -> list[str]:
    """List the files that hold ``text``."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in but)
    return [str(path) for path in files if text.encode() in path.read_bytes()]


@pytest.mark.parametrize("token", [f"{SECRET}€", f"{SECRET}\n{SECRET}", f"{SECRET}\x00", "€\ud800"])
@pytest.mark.parametrize("progress", ["plain", "rawjson"])
def test_a_token_that_no_header_can_hold_is_refused_and_shown_nowhere(
    project: Path, tmp_path: Path, progress: str, token: str
) -> None:
    """The HTTP library would quote it whole, and the last of us would print and keep that."""
    with InMemoryRegistry() as registry:
        login = {"auths": {registry.address: {"registrytoken": token}}}
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker/config.json").write_text(json.dumps(login))
        name = f"{registry.address}/team/app:1"

        done = toys.lamina(
            "build", project, "-t", name, "--push", "--progress", progress, store=tmp_path / "store"
        )

    assert done.code == 3
    assert "the registry token holds a character that no request can hold" in done.err
    assert "config.json" in done.err
    assert SECRET not in done.out + done.err
    assert "€" not in done.out + done.err
    assert holding(SECRET, tmp_path, "config.json") == []


def test_an_error_that_nobody_foresaw_is_kept_by_its_name_alone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("lamina.engines.native.NativeEngine.build", fail)

    words = ("build", project, "-t", "app", "--progress", "rawjson")
    done = toys.lamina(*words, store=tmp_path / "store")

    events = [line for line in done.err.splitlines() if line.startswith("{")]
    assert done.code == 70
    assert any("ValueError" in line for line in events)
    assert not any(SECRET in line for line in events)
    assert holding("ValueError", tmp_path) != []
    assert holding(SECRET, tmp_path) == []


def test_a_password_for_no_registry_is_sent_to_none(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_REGISTRY_USER", "alice")
    monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", SECRET)
    monkeypatch.delenv("LAMINA_REGISTRY", raising=False)
    with InMemoryRegistry(auth=Basic(user="alice", password=SECRET)) as registry:
        name = f"{registry.address}/team/app:1"

        done = toys.lamina("build", project, "-t", name, "--push", store=tmp_path / "store")

        assert done.code == 2
        assert "set LAMINA_REGISTRY to the registry's name" in done.err
        assert not any(row.has_authorization for row in registry.requests())


def test_a_password_goes_to_the_registry_that_is_named_and_to_no_other(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = Basic(user="alice", password=SECRET)
    with InMemoryRegistry(auth=auth) as ours, InMemoryRegistry(auth=auth) as theirs:
        monkeypatch.setenv("LAMINA_REGISTRY", f"http://{ours.address}/")
        monkeypatch.setenv("LAMINA_REGISTRY_USER", "alice")
        monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", SECRET)

        done = [
            toys.lamina("build", project, "-t", f"{r.address}/a:1", "--push", store=tmp_path / "s")
            for r in (ours, theirs)
        ]

        assert [run.code for run in done] == [0, 4], done
        assert any(row.has_authorization for row in ours.requests())
        assert not any(row.has_authorization for row in theirs.requests())
