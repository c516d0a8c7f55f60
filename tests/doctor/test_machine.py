"""What this machine brings is tried, not guessed, and looking changes nothing."""

import http.server
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from lamina.doctor import machine
from lamina.errors import ToolError
from lamina.http.local import Address, LocalError
from lamina.store.store import Store


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_store_says_how_large_it_is_and_how_much_room_it_has(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    store.blobs.add(bytes(60_000_000), media_type="x/y")

    check = machine.check_store(store.root)

    assert check.state in {"ok", "warning"}
    assert check.what.startswith(f"{store.root}, 0.1 GB, ")
    assert check.what.endswith(" GB free")


def test_looking_for_a_store_does_not_make_one(tmp_path: Path) -> None:
    check = machine.check_store(tmp_path / "not" / "yet")

    assert f"{tmp_path}/not/yet, which the first build makes" in check.what
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_store_is_not_made_one(tmp_path: Path) -> None:
    machine.check_store(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(9, 8, 1_000_000_000))

    check = machine.check_store(tmp_path / "store")

    assert (check.state, "1.0 GB free" in check.what) == ("warning", True)
    assert "make room" in check.hint


def test_a_store_of_a_newer_lamina_is_broken(tmp_path: Path) -> None:
    Store.open(tmp_path / "store")
    (tmp_path / "store" / "version").write_text("99\n")

    check = machine.check_store(tmp_path / "store")

    assert check.state == "broken"
    assert "version 99" in check.what
    assert "LAMINA_STORE" in check.hint


def test_a_store_that_cannot_be_written_to_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    check = machine.check_store(tmp_path / "store")

    assert (check.state, check.what) == ("broken", f"{tmp_path} cannot be written to")


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_uv_says_its_version(tmp_path: Path) -> None:
    check = machine.check_uv(program(tmp_path / "uv", "echo uv 1.2.3"), {})

    assert (check.state, check.what) == ("ok", f"uv 1.2.3 ({tmp_path}/uv)")


def test_a_uv_that_does_not_work_is_broken(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")

    for path in (None, str(tmp_path / "none"), str(tmp_path / "text")):
        assert machine.check_uv(path, {}).state == "broken"
    assert machine.check_uv(program(tmp_path / "uv", "exit 3"), {}).state == "broken"


def test_uv_gets_the_environment_that_it_is_given_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", "canary-s3cret")

    check = machine.check_uv(program(tmp_path / "uv", "echo [$LAMINA_REGISTRY_PASSWORD]"), {})

    assert check.what.startswith("[]")


def test_pythons_that_are_not_here_are_named_with_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        machine, "find_interpreter", lambda python: f"/py{python}" if python == "3.12" else None
    )

    check = machine.check_pythons()

    assert check.state == "ok"
    assert check.what.splitlines() == [
        "3.12 (/py3.12)",
        "not here: 3.11, 3.13, 3.14, only needed to compile modules for images that have it",
    ]


def test_without_sandboxes_it_is_said_what_they_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    checks = list(machine.check_sandboxes())

    assert [(check.name, check.state) for check in checks] == [
        ("bubblewrap", "absent"),
        ("crun", "absent"),
    ]
    assert all("only needed for `lamina run`" in check.what for check in checks)


def test_a_sandbox_that_the_kernel_forbids_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise ToolError("no sandbox", why="bwrap: No permissions to create a new namespace")

    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("lamina.sdist.sandbox.check", refuse)

    check = next(machine.check_sandboxes())

    assert check.state == "warning"
    assert "No permissions to create a new namespace" in check.what
    assert "user namespaces" in check.hint


class _Engine(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "a unix socket"


class _UnixServer(socketserver.UnixStreamServer):
    def get_request(self) -> tuple[object, tuple[str, int]]:  # type: ignore[override]
        request, _ = super().get_request()
        return request, ("here", 0)


@pytest.fixture
def engine_socket(tmp_path: Path) -> Iterator[str]:
    """Listen at a socket in the file system, as Docker does."""
    path = str(tmp_path / "docker.sock")
    with _UnixServer(path, _Engine) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield path
        server.shutdown()
        thread.join()


def test_a_docker_engine_that_answers_is_ok(engine_socket: str) -> None:
    check = machine.check_docker(Address(path=engine_socket), is_named=False)

    assert (check.state, check.what) == ("ok", f"it answers at unix://{engine_socket}")


def test_something_else_at_its_socket_is_a_warning(
    engine_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Engine, "status", 404)

    check = machine.check_docker(Address(path=engine_socket), is_named=False)

    assert (check.state, "answers 404" in check.what) == ("warning", True)


def test_no_docker_engine_is_fine_unless_it_was_named(tmp_path: Path) -> None:
    nowhere = Address(path=f"{tmp_path}/none.sock")

    usual = machine.check_docker(nowhere, is_named=False)
    named = machine.check_docker(nowhere, is_named=True)

    assert (usual.state, "only needed" in usual.what) == ("absent", True)
    assert (named.state, f"unix://{nowhere.path}" in named.what) == ("warning", True)


def test_a_socket_of_another_group_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise LocalError(PermissionError(13, "Permission denied"))

    monkeypatch.setattr(machine, "exchange", refuse)  # root, who may run this, is never refused

    check = machine.check_docker(Address(path="/run/docker.sock"), is_named=False)

    assert (check.state, "group that owns the socket" in check.hint) == ("warning", True)
