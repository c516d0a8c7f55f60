"""Docker engines of our own, old and current, each on its own socket and data below a folder."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.process import run, server
from tests.support.tools import TOOLS

Kind = Literal["docker-20", "docker-modern", "docker-modern-containerd"]
"""20.10 with the classic store; Debian's next release with the classic and containerd's store."""


@dataclass(frozen=True, kw_only=True)
class Docker:
    """A running engine and the client that belongs to it."""

    kind: Kind
    program: Path
    socket: Path
    config: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the client needs to find this engine and no other."""
        return {
            **os.environ,
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(self.config),
        }

    def __call__(self, *words: str | Path) -> str:
        """Run the client and return its output; fail with what it said."""
        return run(self.program, *words, environment=self.environment)

    def attempt(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run the client, whatever comes of it."""
        return subprocess.run(
            [self.program, *words],
            check=False,
            capture_output=True,
            text=True,
            env=self.environment,
        )


def is_there(kind: Kind) -> bool:
    """Say whether the engine was unpacked and may be started here."""
    return os.geteuid() == 0 and (_usr(kind) / "sbin/dockerd").exists()


@contextmanager
def docker_engine(kind: Kind, folder: Path) -> Iterator[Docker]:
    """Run an engine while the block runs; everything it keeps is in ``folder``."""
    usr = _usr(kind)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "client"
    config.mkdir(exist_ok=True)
    plugins = {"cliPluginsExtraDirs": [str(usr / "libexec/docker/cli-plugins")]}
    (config / "config.json").write_text(json.dumps(plugins))
    features = {"features": {"containerd-snapshotter": kind == "docker-modern-containerd"}}
    (folder / "daemon.json").write_text(json.dumps({} if kind == "docker-20" else features))
    docker = Docker(
        kind=kind,
        program=usr / "bin/docker",
        socket=folder / "docker.sock",
        config=config,
    )
    command: list[str | Path] = [
        usr / "sbin/dockerd", "--config-file", folder / "daemon.json",
        "--data-root", folder / "data", "--exec-root", folder / "exec",
        "-H", f"unix://{docker.socket}", "--pidfile", folder / "docker.pid",
        "--iptables=false", "--ip6tables=false", "--bridge=none",
    ]  # fmt: skip
    path = f"{usr / 'bin'}:{usr / 'sbin'}:{os.environ['PATH']}"
    try:
        with server(
            command,
            log=folder / "dockerd.log",
            is_ready=lambda: docker.attempt("version").returncode == 0,
            environment={**os.environ, "PATH": path},
        ):
            yield docker
    finally:
        for mount in ("exec/netns/default", "data"):  # the engine leaves these behind
            with contextlib.suppress(OSError):
                subprocess.run(["umount", folder / mount], check=False, capture_output=True)


def _usr(kind: Kind) -> Path:
    return TOOLS / ("docker-20" if kind == "docker-20" else "docker-modern") / "usr"
