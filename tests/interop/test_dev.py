"""Dev images: real wheels, a real server, real edits, and every way that an image is started."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import needs
from tests.support.docker_engine import Docker
from tests.support.process import free_port
from tests.support.tools import LAMINA

NAME = "greet:dev"
_PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "greet"
version = "1.0"
dependencies = ["packaging"]

[project.scripts]
greet = "greet.app:main"

[dependency-groups]
dev = ["iniconfig", "debugpy"]

[tool.lamina]
port = 8000
"""
_APP = """\
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import packaging

from greet.words import WORD


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(WORD.encode())


def main() -> None:
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class Built:
    """The project, its two images as layouts, and the store that holds both."""

    project: Path
    production: Path
    dev: Path
    store: Path
    told: str

    @property
    def words(self) -> Path:
        return self.project / "src/greet/words.py"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    needs("bwrap")
    folder = tmp_path_factory.mktemp("dev")
    project = folder / "greet"
    (project / "src/greet").mkdir(parents=True)
    (project / "pyproject.toml").write_text(_PROJECT)
    (project / "src/greet/__init__.py").touch()
    (project / "src/greet/app.py").write_text(_APP)
    (project / "src/greet/words.py").write_text('WORD = "hello"\n')
    for path in (folder, *folder.parents[:-1]):  # the image's user reads the sources itself
        path.chmod(path.stat().st_mode | 0o111)
    store = folder / "store"
    lamina(store, "lock", project)
    lamina(store, "build", project, "-t", "greet:1", "-o", f"oci:{folder}/production")
    told = lamina(store, "build", project, "--target", "dev", "-t", NAME, "-o", f"oci:{folder}/dev")
    return Built(
        project=project, production=folder / "production", dev=folder / "dev", store=store,
        told=told,
    )  # fmt: skip


def lamina(store: Path, *words: str | Path) -> str:
    done = subprocess.run(
        [*LAMINA, *map(str, words)],
        check=False, capture_output=True, text=True, env=os.environ | {"LAMINA_STORE": str(store)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr + done.stdout


def document(layout: Path, digest: str = "") -> dict[str, Any]:
    if not digest:
        (row,) = json.loads((layout / "index.json").read_bytes())["manifests"]
        digest = row["digest"]
    path = layout / "blobs/sha256" / digest.removeprefix("sha256:")
    return dict(json.loads(path.read_bytes()))


def layers(layout: Path) -> list[str]:
    return [row["digest"] for row in document(layout)["layers"]]


@contextmanager
def running(
    built: Built, *words: str, environment: Mapping[str, str] = os.environ
) -> Iterator[tuple["subprocess.Popen[bytes]", int, Path]]:
    """Run the dev image while the block runs; its port, and the file that gets all output."""
    port = free_port()
    log = built.project.parent / f"{port}.log"
    command = [*LAMINA, "run", "-e", f"PORT={port}", "--source", built.project, *words, NAME]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment, "LAMINA_STORE": str(built.store)},
        )
    try:
        yield process, port, log
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


def answer(port: int) -> str:
    """Ask once, and return what came, or nothing."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as peer:
        peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return peer.makefile("rb").read().rpartition(b"\r\n\r\n")[2].decode()
    return ""


def eventually(is_so: Callable[[], object], log: Path, *, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def processes_with(text: str) -> list[str]:
    """Find processes of this machine with ``text`` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and text.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_a_dev_image_stands_on_the_layers_of_the_image_itself(built: Built) -> None:
    """Base, environment and dependencies are the same blobs; only the project's own differ."""
    production, dev = layers(built.production), layers(built.dev)

    assert production[:-1] == dev[: len(production) - 1]
    assert production[-1] not in dev
    config = document(built.dev, document(built.dev)["config"]["digest"])["config"]
    assert config["Labels"]["dev.lamina.source"] == "/app"
    assert set(config["ExposedPorts"]) == {"8000/tcp", "5678/tcp"}


def test_a_group_that_no_lock_has_is_resolved_with_a_warning(built: Built) -> None:
    assert "the group dev is in no lock" in built.told


@pytest.mark.parametrize("engine", ["bubblewrap", "crun"])
def test_an_edit_is_answered_without_a_build(built: Built, engine: str) -> None:
    """A mistake is shown, waited out and repaired; at the end no process is left."""
    if engine == "crun" and os.geteuid():
        pytest.skip("crun is for root")
    needs("bwrap" if engine == "bubblewrap" else engine)
    built.words.write_text('WORD = "hello"\n')
    with running(built, "--watch", "--engine", engine) as (process, port, log):
        eventually(lambda: answer(port) == "hello", log)
        built.words.write_text('WORD = "good day"\n')
        eventually(lambda: answer(port) == "good day", log)
        built.words.write_text("WORD = \n")
        eventually(lambda: "ended with 1; waiting for a change" in log.read_text(), log)
        built.words.write_text('WORD = "back again"\n')
        eventually(lambda: answer(port) == "back again", log)
        process.send_signal(signal.SIGINT)

        assert process.wait(30) == 128 + signal.SIGINT
        assert processes_with(f"PORT={port}") == []
    assert "changed: src/greet/words.py; starting again" in log.read_text()


def test_docker_mounts_and_reloads_as_well(built: Built, docker: Docker) -> None:
    path = f"{docker.program.parent}:{os.environ['PATH']}"
    environment = {**docker.environment, "PATH": path}
    built.words.write_text('WORD = "hello"\n')
    with running(built, "--watch", "--engine", "docker", environment=environment) as started:
        process, port, log = started
        eventually(lambda: answer(port) == "hello", log)
        built.words.write_text('WORD = "good day"\n')
        eventually(lambda: answer(port) == "good day", log)
        process.send_signal(signal.SIGINT)

        assert process.wait(60) == 128 + signal.SIGINT
    assert docker("ps", "--all", "--quiet") == ""


def test_a_new_file_is_seen_and_an_ignored_one_is_not(built: Built) -> None:
    with running(built, "--watch") as (_, port, log):
        eventually(lambda: answer(port), log)
        (built.project / "src/greet/__pycache__").mkdir(exist_ok=True)
        (built.project / "src/greet/__pycache__/words.pyc").write_bytes(b"")
        (built.project / "src/greet/more.py").write_text("")
        eventually(lambda: "starting again" in log.read_text(), log)
    (built.project / "src/greet/more.py").unlink()

    assert "changed: src/greet/more.py (new); starting again" in log.read_text()


def test_the_sources_are_mounted_and_cannot_be_changed(built: Built) -> None:
    code = "open('/app/src/greet/words.py', 'a')"
    words = ["run", "--dev", "--source", built.project, "--entrypoint", "python", NAME, "-c", code]
    done = subprocess.run(
        [*LAMINA, *map(str, words)],
        check=False, capture_output=True, text=True,
        env=os.environ | {"LAMINA_STORE": str(built.store)},
    )  # fmt: skip

    assert done.returncode == 1
    assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr


def test_a_debugger_answers_on_its_port(built: Built) -> None:
    """Debugpy speaks first in the Debug Adapter Protocol, when asked to initialize."""
    with socket.socket() as taken:
        if taken.connect_ex(("127.0.0.1", 5678)) == 0:
            pytest.skip("something listens on port 5678 of this machine")
    with running(built, "--debug") as (_, port, log):
        eventually(lambda: answer(port), log)
        with socket.create_connection(("127.0.0.1", 5678), 10) as peer:
            body = json.dumps({"seq": 1, "type": "request", "command": "initialize",
                               "arguments": {"adapterID": "test"}})  # fmt: skip
            peer.sendall(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            peer.settimeout(10)
            assert peer.recv(4096).startswith(b"Content-Length: ")


def test_an_image_with_its_own_sources_takes_no_others(built: Built) -> None:
    done = subprocess.run(
        [*LAMINA, "run", "--watch", "--source", str(built.project), "greet:1"],
        check=False, capture_output=True, text=True,
        env=os.environ | {"LAMINA_STORE": str(built.store)},
    )  # fmt: skip

    assert done.returncode == 2
    assert "lamina build --target dev" in done.stderr


def test_a_dev_group_in_a_lock_needs_no_warning(built: Built, tmp_path: Path) -> None:
    """`lamina lock` pins the variant dev with the versions of the image."""
    project = tmp_path / "greet"
    shutil.copytree(built.project, project)
    with (project / "pyproject.toml").open("a") as file:
        file.write('\n[tool.lamina.variants.dev]\ngroups = ["dev"]\n')
    lamina(built.store, "lock", project)

    told = lamina(
        built.store, "build", project, "--target", "dev", "-t", "greet:locked", "-o",
        f"oci:{tmp_path}/dev",
    )  # fmt: skip

    assert (project / "requirements.dev.txt").exists()
    assert "no lock" not in told
    assert layers(tmp_path / "dev")[:-1] == layers(built.dev)[:-1]


def test_an_image_can_have_another_python(built: Built, tmp_path: Path) -> None:
    lamina(
        built.store, "build", built.project, "--python", "3.13", "-t", "greet:313",
        "-o", f"oci:{tmp_path}/other",
    )  # fmt: skip

    found = lamina(built.store, "run", "--entrypoint", "python", "greet:313", "-c",
                   "import sys; print(sys.version_info[:2])")  # fmt: skip
    assert "(3, 13)" in found
