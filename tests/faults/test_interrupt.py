"""Ctrl-C ends a build within moments, whoever it waits for, and what it started ends with it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lamina.engines.native import WORTH_A_PROCESS
from lamina.testing.loopback import Connection, LoopbackService
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel

BOTH = "linux/amd64,linux/arm64"
LONG_S = 20
SOON_S = 5.0
"""Of which a busy machine may need most; who waits for a child or a server needs ``LONG_S``."""

SLOW = f"""#!{sys.executable}
import os, pathlib, sys, time
(pathlib.Path({{folder!r}}) / f"pid {{{{os.getpid()}}}}").touch()
time.sleep({LONG_S})
"""
EARLY = """
import pathlib, sys, time
from lamina.cli import app, plan_command
from lamina.parallel import Later
def run(_):
    def make():
        pathlib.Path({runs!r}).touch()
        time.sleep({seconds})
    Later(make)
    time.sleep({seconds})
plan_command.run = run
sys.exit(app.main(["plan"]))
"""
LAMINA = """
import sys, uv
sys.executable = sys.argv[2] or sys.executable
if sys.argv[1]:
    uv.find_uv_bin = lambda: sys.argv[1]
from lamina.cli.app import main
sys.exit(main(sys.argv[3:]))
"""


class SilentServer(LoopbackService):
    """Takes requests and answers none, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.is_over = False

    def serve(self, connection: Connection) -> None:
        """Say nothing."""
        self.asked.append(connection.path)
        until = time.monotonic() + LONG_S
        while not self.is_over and time.monotonic() < until:
            time.sleep(0.01)
        connection.close_connection = True


@contextmanager
def started(
    store: Path, uv: Path | None, *words: str | Path, python: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start the command line; only this process is interrupted, not its group."""
    with subprocess.Popen(
        [sys.executable, "-c", LAMINA, str(uv or ""), str(python or ""), *map(str, words)],
        env={**os.environ, "LAMINA_STORE": str(store), "NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: "subprocess.Popen[str]") -> tuple[int, float, str]:
    """Interrupt; return the exit code, the seconds that it took, and what was said."""
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LONG_S)
    return process.returncode, time.monotonic() - start, out + err


def wait_for(condition: object) -> None:
    until = time.monotonic() + LONG_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended may wait for whoever adopts it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def pids_in(folder: Path) -> list[int]:
    return [int(path.name.split()[1]) for path in folder.iterdir()]


@pytest.mark.parametrize("platforms", ["linux/amd64", BOTH])
def test_a_build_that_waits_for_uv_ends_and_uv_with_it(tmp_path: Path, platforms: str) -> None:
    folder, project = tmp_path / "pids", tmp_path / "project"
    folder.mkdir()
    project.mkdir()
    slow = tmp_path / "uv"
    slow.write_text(SLOW.format(folder=str(folder)))
    slow.chmod(0o755)
    (project / "pyproject.toml").write_text('[tool.lamina]\nbase = "scratch"\n')
    (project / "requirements.txt").write_text("toy\n")
    count = len(platforms.split(","))

    with started(
        tmp_path / "store", slow, "build", project, "-t", "toys", "--platform", platforms
    ) as process:
        wait_for(lambda: len(list(folder.iterdir())) == count)
        code, seconds, said = interrupted(process)

    assert (code, [is_alive(pid) for pid in pids_in(folder)]) == (130, [False] * count), said
    assert "Traceback" not in said
    assert seconds < SOON_S


@pytest.mark.parametrize("platforms", ["linux/amd64", BOTH])
def test_a_build_that_waits_for_a_layer_ends_and_who_makes_it_too(
    tmp_path: Path, platforms: str
) -> None:
    folder, slow = tmp_path / "pids", tmp_path / "python"
    folder.mkdir()
    slow.write_text(SLOW.format(folder=str(folder)))
    slow.chmod(0o755)
    big = ToyWheel(name="big", files={"big.bin": os.urandom(WORTH_A_PROCESS)})
    project = locked_project(tmp_path / "project", [big])
    words = ("build", project, "-t", "toys", "--platform", platforms)

    with started(tmp_path / "store", None, *words, python=slow) as process:
        wait_for(lambda: list(folder.iterdir()))
        code, seconds, said = interrupted(process)

    pids = pids_in(folder)
    assert (code, [is_alive(pid) for pid in pids]) == (130, [False] * len(pids)), said
    assert "Traceback" not in said
    assert seconds < SOON_S


def test_a_build_that_makes_its_base_early_ends(tmp_path: Path) -> None:
    """Nobody has asked for the base yet: the build may still be choosing versions."""
    runs = tmp_path / "runs"
    command = [sys.executable, "-c", EARLY.format(runs=str(runs), seconds=LONG_S)]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(runs.exists)
        code, seconds, said = interrupted(process)

    assert (code, "Traceback" in said) == (130, False), said
    assert seconds < SOON_S


def test_who_cannot_wait_for_the_end_may_press_again(tmp_path: Path) -> None:
    project = locked_project(tmp_path / "project", [ToyWheel()])
    lock = project / "pylock.toml"

    with SilentServer() as server:
        lock.write_text(lock.read_text().replace(f"file://{tmp_path}/wheels", server.origin))
        words = ("build", project, "-t", "toys", "--platform", BOTH)
        with started(tmp_path / "store", None, *words) as process:
            wait_for(lambda: server.asked)
            process.send_signal(signal.SIGINT)
            time.sleep(0.25)  # of the half second that calls are given to end
            code, _, said = interrupted(process)
        server.is_over = True

    assert (code, "Traceback" in said) == (130, False), said


@pytest.mark.parametrize("platforms", ["linux/amd64", BOTH])
@pytest.mark.parametrize("is_sized", [False, True])
def test_a_build_that_waits_for_a_silent_server_ends(
    tmp_path: Path, platforms: str, *, is_sized: bool
) -> None:
    """A size that the lock does not say is asked for by the plan, a wheel by the build."""
    project = locked_project(tmp_path / "project", [ToyWheel()])
    lock = project / "pylock.toml"

    with SilentServer() as server:
        text = lock.read_text().replace(f"file://{tmp_path}/wheels", server.origin)
        lock.write_text(text if is_sized else re.sub(r"size = \d+, ", "", text))
        words = ("build", project, "-t", "toys", "--platform", platforms)
        with started(tmp_path / "store", None, *words) as process:
            wait_for(lambda: server.asked)
            code, seconds, said = interrupted(process)
        server.is_over = True

    assert code == 130, said
    assert "Traceback" not in said
    assert seconds < SOON_S
