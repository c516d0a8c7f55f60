"""The two tables that a project's brief asks for, made by ``lamina bench`` as its users run it.

Before is the one-stage Dockerfile; beside the workload stands a copy of it that follows the advice
of ``lamina weigh`` and has a diet.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.docker_engine import docker_engine
from tests.support.lighter import lighter_workload
from tests.support.registry import registry
from tests.support.tools import LAMINA

from benchmarks.base import import_base
from benchmarks.builds import secrets
from benchmarks.inputs import fresh_copy

RECOMMENDED = "as recommended"


def brief_tables(folder: Path) -> dict[str, Any]:
    """Run the comparison once, and return it as the command prints it for programs."""
    folder.mkdir()
    project = fresh_copy(folder / "aml-agent")
    store = {"LAMINA_STORE": str(folder / "store")}
    lighter = lighter_workload(folder / "lighter", {**os.environ, **store})
    (folder / "registry").mkdir()
    with (
        registry(folder / "registry") as address,
        docker_engine("docker-modern", folder / "docker") as docker,
    ):
        base = import_base(docker, folder)
        words = [f"--build-arg=BASE={base}", "--network=host", *_joined(secrets(folder))]
        command = [
            *LAMINA, "bench", str(project), "--naive", "--also", f"{RECOMMENDED}={lighter}",
            *(f"--docker-option={word}" for word in words),
            "--registry", f"{address}/aml-agent", "--prune", "--format", "json",
        ]  # fmt: skip
        path = f"{docker.program.parent}{os.pathsep}{os.environ['PATH']}"
        environment = {
            **docker.environment,
            **store,
            "PATH": path,
            "TMPDIR": str(folder),
        }
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=sys.stderr, check=True
        )
    shutil.rmtree(folder, ignore_errors=True)  # 15 GB, which the parts after it need
    found: dict[str, Any] = json.loads(done.stdout)
    times, sizes, notes = found["sections"]
    return {"times": times["times"], "sizes": sizes["sizes"], "notes": notes["notes"]}


def _joined(words: list[str]) -> list[str]:
    """Write ``--secret VALUE`` as one word."""
    return [f"{option}={value}" for option, value in zip(words[::2], words[1::2], strict=True)]
