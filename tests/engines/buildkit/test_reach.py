"""A builder is reached with the program that is there."""

import os
from pathlib import Path

import pytest

from lamina.engines.buildkit.reach import Reach
from lamina.errors import ToolError

DOCKER = '#!/bin/sh\necho "$@" >> {log}\n'


def machine(tmp_path: Path, *programs: str, docker: str = DOCKER) -> dict[str, str]:
    log = tmp_path / "log"
    log.touch()
    for name in programs:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(docker.format(log=log))
        path.chmod(0o755)
    return {"PATH": f"{tmp_path / 'bin'}", "HOME": os.fspath(tmp_path)}


def test_a_builder_of_buildx_is_named(tmp_path: Path) -> None:
    reach = Reach(environment=machine(tmp_path, "docker", "buildctl"), builder="fleet")

    with reach.client() as client:
        assert (client.program, client.builder) == ("buildx", "fleet")


def test_an_address_is_known_to_buildx_for_one_build(tmp_path: Path) -> None:
    reach = Reach(environment=machine(tmp_path, "docker"), builder="tcp://10.0.0.7:1234")

    with reach.client() as client:
        name = client.builder

    lines = (tmp_path / "log").read_text().splitlines()
    assert lines == [
        "buildx version",
        f"buildx create --name {name} --driver remote tcp://10.0.0.7:1234",
        f"buildx rm {name}",
    ]


def test_buildctl_is_enough(tmp_path: Path) -> None:
    reach = Reach(environment=machine(tmp_path, "buildctl"), builder="tcp://10.0.0.7:1234")

    with reach.client() as client:
        assert (client.program, client.builder) == ("buildctl", "tcp://10.0.0.7:1234")


@pytest.mark.parametrize("programs", [(), ("docker",)])
def test_without_a_client_the_native_engine_is_named(
    tmp_path: Path, programs: tuple[str, ...]
) -> None:
    """A docker without its plugin is none."""
    environment = machine(tmp_path, *programs, docker="#!/bin/sh\nexit 1\n")

    with pytest.raises(ToolError) as caught, Reach(environment=environment).client():
        pass

    assert "--engine native" in str(caught.value.hint)
