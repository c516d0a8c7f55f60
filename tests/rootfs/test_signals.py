"""Whoever runs an image can end it: asked first, and then made to."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rootfs.test_run import ENGINES

pytestmark = pytest.mark.slow

_PROGRAM = """
import sys
from pathlib import Path
from lamina.oci.config import RuntimeConfig
from lamina.rootfs.container import prepare
from lamina.rootfs.run import run

root, engine, grace_s, *command = sys.argv[1:]
runtime = RuntimeConfig(entrypoint=tuple(command), user="app")
code, _ = run(prepare(Path(root), runtime), engine=engine, grace_s=float(grace_s))
sys.exit(code)
"""


@contextmanager
def running(
    root: Path, engine: str, script: str, log: Path, *, grace_s: float = 60
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a shell script in the image until it has printed "up"."""
    command = [sys.executable, "-c", _PROGRAM, str(root), engine, str(grace_s), "sh", "-c", script]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while b"up" not in log.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_with_a_handler_ends_as_it_wants(
    machine_root: Path, tmp_path: Path, engine: str, number: signal.Signals
) -> None:
    script = 'trap "echo bye; exit 3" TERM INT; echo up; while true; do sleep 0.05; done'
    with running(machine_root, engine, script, tmp_path / "log") as process:
        process.send_signal(number)

        assert process.wait(10) == 3

    assert (tmp_path / "log").read_bytes() == b"up\nbye\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_without_a_handler_is_killed_after_a_while(
    machine_root: Path, tmp_path: Path, engine: str
) -> None:
    """It is process 1 in there, which gets no default action of any signal."""
    script = "echo up; exec sleep 60"
    with running(machine_root, engine, script, tmp_path / "log", grace_s=0.3) as process:
        process.terminate()

        assert process.wait(10) == 137


@pytest.mark.parametrize("engine", ENGINES)
def test_a_second_signal_does_not_wait(machine_root: Path, tmp_path: Path, engine: str) -> None:
    script = "echo up; exec sleep 60"
    with running(machine_root, engine, script, tmp_path / "log") as process:
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 137


@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_on_a_terminal_lets_the_program_clean_up(
    machine_root: Path, tmp_path: Path, engine: str
) -> None:
    """A terminal sends it to every process of the group, and the sandbox must not die of it."""
    script = 'trap "echo bye; exit 3" INT; echo up; while true; do sleep 0.05; done'
    with running(machine_root, engine, script, tmp_path / "log") as process:
        os.killpg(process.pid, signal.SIGINT)

        assert process.wait(10) == 3

    assert (tmp_path / "log").read_bytes() == b"up\nbye\n"


@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bwrap")
def test_other_signals_are_only_passed_on(machine_root: Path, tmp_path: Path) -> None:
    script = 'trap "echo got" USR1; echo up; for n in 1 2 3 4 5 6 7 8; do sleep 0.1; done; exit 4'
    with running(machine_root, "bubblewrap", script, tmp_path / "log", grace_s=0.1) as process:
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
        process.send_signal(signal.SIGUSR1)

        assert process.wait(10) == 4

    assert (tmp_path / "log").read_bytes() == b"up\ngot\ngot\n"
