"""From a change to a pushed image: Lamina against BuildKit with uv's Dockerfile, one registry.

The cold runner has an empty store, or an engine that holds nothing, and one dependency changed.
BuildKit imports the cache that an earlier build exported with ``mode=max``; Lamina reads the memo.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.docker_engine import docker_engine
from tests.support.registry import registry
from tests.support.tools import LAMINA

from benchmarks.base import import_base
from benchmarks.builds import DOCKERFILES, secrets, situations, summary
from benchmarks.inputs import fresh_copy
from benchmarks.measure import Measured, measure

SITUATIONS = ("clean", "source edit", "one dependency", "cold runner")
_KEY = "a key for measurements only"


def push_times(folder: Path, *, rounds: int) -> dict[str, Any]:
    """Time both; each round begins with an empty registry."""
    folder.mkdir()
    results = {
        "lamina": _medians(lambda n: _lamina(folder / f"lamina-{n}"), rounds),
        "uv": _docker(folder / "buildkit"),
    }
    results["platforms"] = {
        name: _medians(partial(_platforms, folder / name, platforms), rounds)["clean"]
        for name, platforms in (("one", "linux/amd64"), ("two", "linux/amd64,linux/arm64"))
    }
    return results


def _medians(once: Callable[[int], dict[str, Measured]], rounds: int) -> dict[str, Any]:
    found = [once(number) for number in range(rounds)]
    return {name: summary([row[name] for row in found]) for name in found[0]}


def _lamina(folder: Path) -> dict[str, Measured]:
    folder.mkdir()
    project, times = folder / "project", {}
    with registry(_made(folder / "registry")) as address:
        push = _lamina_push(folder, project, f"{address}/app:latest")
        times = dict(situations(project, folder, push))
        _forget(folder)
        fresh_copy(project)  # the registry's newest image has the other version
        times["cold runner"] = push()
    shutil.rmtree(folder)
    return {name: times[name] for name in SITUATIONS}


def _platforms(folder: Path, platforms: str, _: int) -> dict[str, Measured]:
    folder.mkdir()
    project = fresh_copy(folder / "project")
    with registry(_made(folder / "registry")) as address:
        words = ("--platform", platforms)
        found = _lamina_push(folder, project, f"{address}/app:latest", words)()
    shutil.rmtree(folder)
    return {"clean": found}


def _lamina_push(
    folder: Path, project: Path, name: str, words: Sequence[str] = ()
) -> Callable[[], Measured]:
    command: list[str | Path] = [
        *LAMINA,
        "build",
        project,
        "-t",
        name,
        "--push",
        "--progress",
        "plain",
        *words,
    ]
    environment = {
        **os.environ,
        "LAMINA_STORE": str(folder / "store"),
        "UV_CACHE_DIR": str(folder / "uv-cache"),
        "LAMINA_MEMO_KEY": _KEY,
    }
    return lambda: measure(command, environment=environment)


def _forget(folder: Path) -> None:
    shutil.rmtree(folder / "store")
    shutil.rmtree(folder / "uv-cache", ignore_errors=True)


def _docker(folder: Path) -> dict[str, Any]:
    """Time BuildKit, once: each of its builds takes minutes."""
    folder.mkdir()
    project = folder / "project"
    with registry(_made(folder / "registry")) as address:
        name, cache = f"{address}/app:latest", f"type=registry,ref={address}/app:buildcache"
        with docker_engine("docker-modern-containerd", folder / "docker") as docker:
            base = f"{address}/base:3.11"
            docker("tag", import_base(docker, folder), base)
            docker("push", base)

        def pushing(folder: Path, words: Sequence[str] = ()) -> dict[str, Measured]:
            with docker_engine("docker-modern-containerd", folder) as docker:
                command: list[str | Path] = [
                    docker.program, "buildx", "build", "--progress", "plain", "--network", "host",
                    "-f", DOCKERFILES / "uv.Dockerfile", "--build-arg", f"BASE={base}",
                    *secrets(folder), "-t", name, "--push", *words, project,
                ]  # fmt: skip
                if words:
                    return {"cold runner": measure(command, environment=docker.environment)}
                docker("pull", base)
                times = dict(
                    situations(
                        project, folder, lambda: measure(command, environment=docker.environment)
                    )
                )
                exported = [*command[:-1], "--cache-to", f"{cache},mode=max", project]
                times["export"] = measure(exported, environment=docker.environment)
                return times

        times = pushing(folder / "warm")
        shutil.rmtree(folder / "warm", ignore_errors=True)
        fresh_copy(project)
        times |= pushing(folder / "cold", ("--cache-from", cache))
    shutil.rmtree(folder, ignore_errors=True)
    return {name: summary([times[name]]) for name in (*SITUATIONS, "export")}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
