"""Which engine images are loaded into: the one that the docker command would use, or podman."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.cli.engines import docker_address
from lamina.errors import UsageError
from lamina.http.local import Address
from lamina.store.store import Store
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.fake_docker import FakeDocker


def context(folder: Path, name: str, host: str) -> None:
    """Write a context as the docker command does."""
    meta = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(
        json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}})
    )


def current(folder: Path, name: str) -> None:
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("unix:///run/x.sock", Address(path="/run/x.sock")),
        ("tcp://127.0.0.1:4243", Address(host="127.0.0.1", port=4243)),
        ("tcp://localhost", Address(host="localhost", port=2375)),
        ("http://[::1]:80", Address(host="::1", port=80)),
    ],
)
def test_docker_host_comes_first(tmp_path: Path, host: str, address: Address) -> None:
    context(tmp_path, "other", "unix:///run/other.sock")
    variables = {"DOCKER_HOST": host, "DOCKER_CONTEXT": "other", "DOCKER_CONFIG": str(tmp_path)}

    assert docker_address(variables) == address


@pytest.mark.parametrize(
    "host",
    [
        "ssh://me@build.example", "tcp://build.example:2375", "tcp://127.0.0.1.evil.example:1",
        "tcp://evil@127.0.0.1:1", "tcp://127.0.0.1:99999", "npipe:////./pipe/docker", "unix://",
        "/run/docker.sock", "fd://3",
    ],
)  # fmt: skip
def test_other_machines_are_not_loaded_into(host: str) -> None:
    with pytest.raises(UsageError, match="DOCKER_HOST"):
        docker_address({"DOCKER_HOST": host})


def test_an_engine_that_wants_tls_is_refused() -> None:
    variables = {"DOCKER_HOST": "tcp://127.0.0.1:2376", "DOCKER_TLS_VERIFY": "1"}

    with pytest.raises(UsageError, match="TLS"):
        docker_address(variables)


def test_the_current_context_counts_and_a_named_one_more(tmp_path: Path) -> None:
    context(tmp_path, "desktop", "unix:///home/me/desktop.sock")
    context(tmp_path, "rootless", "unix:///run/user/1000/docker.sock")
    current(tmp_path, "desktop")
    variables = {"DOCKER_CONFIG": str(tmp_path)}

    assert docker_address(variables) == Address(path="/home/me/desktop.sock")
    assert docker_address({**variables, "DOCKER_CONTEXT": "rootless"}) == Address(
        path="/run/user/1000/docker.sock"
    )


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    current(tmp_path, "gone")

    with pytest.raises(UsageError, match="'gone'"):
        docker_address({"DOCKER_CONFIG": str(tmp_path)})


def test_without_any_word_it_is_the_usual_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own engine only where the machine has none."""
    usual, own = tmp_path / "docker.sock", tmp_path / "user" / "docker.sock"
    variables = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(own.parent)}
    monkeypatch.setattr("lamina.cli.engines._SOCKET", usual)

    assert docker_address(variables) == Address(path=str(usual))
    own.parent.mkdir()
    own.touch()
    assert docker_address(variables) == Address(path=str(own))
    usual.touch()
    assert docker_address(variables) == Address(path=str(usual))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel()])


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    with FakeDocker() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.docker_host)
        yield engine


def test_a_build_is_loaded_under_each_of_its_names(
    project: Path, tmp_path: Path, docker: FakeDocker
) -> None:
    words = ("-t", "toys:1", "-t", "shop.example/toys:1", "--load", "--progress", "plain")

    done = toys.lamina("build", project, *words, store=tmp_path / "store")

    assert done.code == 0, done.err
    assert docker.named("toys:1")
    assert docker.named("toys:1") == docker.named("shop.example/toys:1")
    assert f"wrote docker-daemon:toys:1 {done.out.strip()}" in done.err


def test_an_output_names_its_own_reference(
    project: Path, tmp_path: Path, docker: FakeDocker
) -> None:
    done = toys.lamina("build", project, "-o", "docker-daemon:toys:2", store=tmp_path / "store")

    assert done.code == 0, done.err
    assert docker.named("toys:2")


@pytest.mark.usefixtures("docker")
def test_a_source_edit_sends_one_layer(project: Path, tmp_path: Path) -> None:
    """Even without a name in the store, since what was loaded is remembered."""
    words = ("build", project, "-o", "docker-daemon:toys:1", "--progress", "rawjson")
    (project / "app.py").write_text("print(1)\n")
    toys.lamina(*words, store=tmp_path / "store")
    (project / "app.py").write_text("print(2)\n")

    done = toys.lamina(*words, store=tmp_path / "store")

    events = [json.loads(line) for line in done.err.splitlines()]
    lines = [event["line"] for event in events if event["event"] == "StepLogged"]
    assert [line for line in lines if line.startswith("sent 1 of ")] == lines[-1:]


def test_load_without_a_name_is_a_usage_error(project: Path, tmp_path: Path) -> None:
    done = toys.lamina("build", project, "--load", store=tmp_path / "store")

    assert done.code == 2
    assert "--load loads names" in done.err


def test_an_engine_that_cannot_be_loaded_into_is_refused_before_the_build(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@build.example")

    done = toys.lamina("build", project, "-t", "toys:1", "--load", store=tmp_path / "store")

    assert done.code == 2
    assert "DOCKER_HOST is 'ssh://me@build.example'" in done.err
    assert "built layer" not in done.err


def test_a_digest_is_no_name(project: Path, tmp_path: Path) -> None:
    output = f"docker-daemon:toys@sha256:{'0' * 64}"

    done = toys.lamina("build", project, "-o", output, store=tmp_path / "store")

    assert done.code == 2
    assert "is a digest" in done.err


def test_without_an_engine_the_image_is_in_the_store_and_the_error_says_where_it_looked(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    store = tmp_path / "store"

    done = toys.lamina("build", project, "-t", "toys:1", "--load", store=store)

    assert done.code == 4
    assert f"unix://{tmp_path}/docker.sock" in done.err
    assert "DOCKER_HOST" in done.err
    assert Store.open(store).recall("name", "toys:1") is not None


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a podman on PATH that notes its commands in the file returned, and leave Docker out."""
    program, asked = tmp_path / "bin/podman", tmp_path / "asked"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" >> {asked}\n[ "$1" != load ] || cat > /dev/null\n')
    program.chmod(0o755)
    asked.touch()
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr("lamina.cli.engines._SOCKET", tmp_path / "docker.sock")
    return asked


def test_podman_is_used_where_there_is_no_docker(
    project: Path, tmp_path: Path, podman: Path
) -> None:
    words = ("build", project, "-t", "toys:1", "--load", "--progress", "plain")

    done = toys.lamina(*words, store=tmp_path / "store")

    assert done.code == 0, done.err
    assert podman.read_text().split() == ["images", "load", "tag"]
    assert "wrote containers-storage:toys:1" in done.err


def test_podman_is_not_asked_where_docker_is_or_is_meant(
    project: Path, tmp_path: Path, podman: Path
) -> None:
    """A Docker that is there and does not run is an error: the user would look for the image."""
    store = tmp_path / "store"

    meant = toys.lamina("build", project, "-o", "docker-daemon:toys:1", store=store)
    (tmp_path / "docker.sock").touch()
    there = toys.lamina("build", project, "-t", "toys:1", "--load", store=store)

    assert (meant.code, there.code) == (4, 4)
    assert podman.read_text() == ""
