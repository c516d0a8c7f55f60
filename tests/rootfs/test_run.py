"""A command runs in an unpacked image as the image's config asks."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from lamina.errors import ToolError
from lamina.oci.config import RuntimeConfig
from lamina.rootfs.container import Network, prepare
from lamina.rootfs.run import Engine, start

HAS_BWRAP, HAS_CRUN = shutil.which("bwrap"), shutil.which("crun") and os.geteuid() == 0
ENGINES = [
    pytest.param("bubblewrap", marks=pytest.mark.skipif(not HAS_BWRAP, reason="no bwrap")),
    pytest.param(
        "crun",
        marks=[pytest.mark.root, pytest.mark.skipif(not HAS_CRUN, reason="no crun, or no root")],
    ),
]


def sh(
    root: Path, script: str, *, engine: Engine, network: Network = "loopback"
) -> tuple[int, list[str]]:
    runtime = RuntimeConfig(
        entrypoint=("sh", "-c"), command=(script,), user="app", environment=(("GREETING", "a b"),)
    )
    with tempfile.TemporaryFile() as output:
        running = start(prepare(root, runtime, network=network), engine=engine, output=output)
        code = running.wait(30)
        output.seek(0)
        return code, output.read().decode().splitlines()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_command_runs_as_the_images_user_with_its_environment(
    machine_root: Path, engine: Engine
) -> None:
    code, lines = sh(machine_root, 'id -u; echo "$GREETING $HOME"; exit 7', engine=engine)

    assert (code, lines) == (7, ["65532", "a b /home/app"])


@pytest.mark.parametrize("engine", ENGINES)
def test_the_root_is_read_only_and_tmp_is_not(machine_root: Path, engine: Engine) -> None:
    code, lines = sh(machine_root, "touch /tmp/x /dev/shm/x && touch /x", engine=engine)

    assert code == 1
    assert "Read-only file system" in lines[-1]
    assert not (machine_root / "tmp/x").exists()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_of_root_is_closed_to_the_images_user(machine_root: Path, engine: Engine) -> None:
    code, lines = sh(machine_root, "cat /secret", engine=engine)

    assert code == 1
    assert "Permission denied" in lines[-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_there_are_no_capabilities(machine_root: Path, engine: Engine) -> None:
    _, lines = sh(machine_root, "cat /proc/self/status", engine=engine)

    assert any(line.split() == ["CapEff:", "0" * 16] for line in lines)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loopback_of_its_own_hides_the_hosts_network(machine_root: Path, engine: Engine) -> None:
    _, lines = sh(machine_root, "cat /proc/net/dev", engine=engine)

    assert [line.split(":")[0].strip() for line in lines[2:]] == ["lo"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_container_is_asked_to_stop_before_it_is_made_to(
    machine_root: Path, engine: Engine, tmp_path: Path
) -> None:
    script = 'trap "echo bye; exit 3" TERM; echo up; while true; do sleep 0.05; done'
    runtime = RuntimeConfig(entrypoint=("sh", "-c", script), user="app")
    with (tmp_path / "out").open("wb") as output:
        running = start(prepare(machine_root, runtime), engine=engine, output=output)
        while b"up" not in (tmp_path / "out").read_bytes():
            time.sleep(0.02)

        assert running.stop() == 3

    assert (tmp_path / "out").read_bytes() == b"up\nbye\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_container_that_does_not_listen_is_killed(machine_root: Path, engine: Engine) -> None:
    runtime = RuntimeConfig(entrypoint=("sleep", "60"), user="app")
    running = start(prepare(machine_root, runtime), engine=engine)

    assert running.stop(grace_s=0.2) == 137


def test_a_missing_engine_is_an_error_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(ToolError) as caught:
        start(prepare(tmp_path, RuntimeConfig(command=("x",))))

    assert "bubblewrap" in (caught.value.hint or "")
