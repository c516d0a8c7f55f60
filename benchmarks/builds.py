"""Build times: the same four situations for Lamina and for three Dockerfiles on BuildKit."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.docker_engine import Docker
from tests.support.tools import LAMINA

import lamina.bench
from benchmarks.inputs import bump_dependency, edit_source, fresh_copy
from benchmarks.measure import Measured, measure

DOCKERFILES = Path(__file__).parent / "dockerfiles"
NAIVE = Path(lamina.bench.__file__).parent / "before.Dockerfile"
PEERS = ("naive", "multistage", "uv")
Build = Callable[[], Measured]


def lamina_builds(folder: Path, *, rounds: int) -> dict[str, Any]:
    """Time Lamina; each round starts with an empty store."""
    results: dict[str, list[Measured]] = {}
    project = folder / "project"
    for _ in range(rounds):
        store = folder / "store"
        shutil.rmtree(store, ignore_errors=True)
        shutil.rmtree(folder / "uv-cache", ignore_errors=True)
        command: list[str | Path] = [*LAMINA, "build", project, "-t", "aml-agent:bench",
                   "-o", f"oci:{folder / 'layout'}", "--progress", "plain"]  # fmt: skip
        environment = {
            **os.environ,
            "LAMINA_STORE": str(store),
            "UV_CACHE_DIR": str(folder / "uv-cache"),
        }

        def build(
            command: list[str | Path] = command, environment: dict[str, str] = environment
        ) -> Measured:
            return measure(command, environment=environment)

        shutil.rmtree(folder / "layout", ignore_errors=True)
        for name, measured in situations(project, folder, build):
            results.setdefault(name, []).append(measured)
    return {name: summary(found) for name, found in results.items()}


def docker_builds(docker: Docker, name: str, base: str, folder: Path) -> dict[str, Any]:
    """Time one of the peers' Dockerfiles, once: BuildKit starts with no cache at all."""
    docker("builder", "prune", "--all", "--force")
    project = folder / f"project-{name}"
    command: list[str | Path] = [
        docker.program, "buildx", "build", "--progress", "plain", "--network", "host",
        "-f", dockerfile(name), "--build-arg", f"BASE={base}",
        *secrets(folder), "-t", f"aml-agent:{name}", project,
    ]  # fmt: skip

    def build() -> Measured:
        return measure(command, environment=docker.environment)

    results = {
        situation: summary([measured]) for situation, measured in situations(project, folder, build)
    }
    size = int(docker("image", "inspect", "--format", "{{.Size}}", f"aml-agent:{name}"))
    return {**results, "unpacked_bytes": size}


def dockerfile(peer: str) -> Path:
    """Return where a peer's Dockerfile is; the naive one is what `lamina bench` begins with."""
    return NAIVE if peer == "naive" else DOCKERFILES / f"{peer}.Dockerfile"


def situations(project: Path, folder: Path, build: Build) -> Iterator[tuple[str, Measured]]:
    """Build after each kind of change, in the order in which a day brings them."""
    fresh_copy(project)
    yield "clean", build()
    yield "nothing changed", build()
    edit_source(project, "edited")
    yield "source edit", build()
    bump_dependency(project, folder)
    yield "one dependency", build()


def summary(found: list[Measured]) -> dict[str, Any]:
    """Keep the median and all values."""
    seconds = sorted(m.seconds for m in found)
    return {
        "seconds": seconds[len(seconds) // 2],
        "all_seconds": [round(value, 3) for value in seconds],
        "peak_bytes": max(m.peak_bytes for m in found),
    }


def secrets(folder: Path) -> list[str]:
    """Hand the certificates that this machine trusts to the RUN steps, where it has its own."""
    bundle = os.environ.get("SSL_CERT_FILE", "")
    words = ["--secret", f"id=cabundle,src={bundle}"] if bundle else []
    index = os.environ.get("PIP_INDEX_URL", "")
    if index:
        (folder / "pip.conf").write_text(f"[global]\nindex-url = {index}\n")
        (folder / "uv.toml").write_text(f'[[index]]\nurl = "{index}"\ndefault = true\n')
        words += ["--secret", f"id=pipconf,src={folder / 'pip.conf'}"]
        words += ["--secret", f"id=uvconf,src={folder / 'uv.toml'}"]
    return words
