"""The commands of the brief, typed as it writes them, in a fresh copy of the example."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from benchmarks.base import import_base

from tests.interop.conftest import needs
from tests.scan.advisory_server import AdvisoryServer
from tests.support import docker_engine
from tests.support.docker_engine import Docker
from tests.support.tools import LAMINA
from tests.support.workload import Workload, copy_of_the_example

PROGRAMS = Path(sys.executable).parent
NATIVE = (
    "make docker-build",
    "./scripts/build.sh dev aml-agent:dev",
    "make docker-build-prod",
    "./scripts/build.sh prod aml-agent:latest",
    "./scripts/build-prod.sh aml-agent:latest",
    "make docker-build-fast",
    "make docker-layers",
    "make docker-size",
)
PUSHED = "./scripts/build-prod.sh aml-agent:latest --push"


@dataclass(frozen=True, kw_only=True)
class Shell:
    """A copy of the example, and the environment that somebody types in."""

    project: Path
    environment: Mapping[str, str]

    def attempt(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Type a line."""
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.project, env=self.environment, check=False, capture_output=True, text=True,
        )  # fmt: skip

    def __call__(self, line: str) -> str:
        """Type a line; return all that it says, and fail if it does."""
        done = self.attempt(line)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout + done.stderr

    def lamina(self, *words: str) -> str:
        done = subprocess.run(
            [*LAMINA, *words], cwd=self.project, env=self.environment, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout


@pytest.fixture(scope="module")
def osv() -> Iterator[str]:
    """Answer for OSV, as a mirror inside does: nothing is known of the example's distributions."""
    with AdvisoryServer(releases={}) as server:
        yield server.origin


@pytest.fixture(scope="module")
def without_docker(
    workload: Workload, osv: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """Type where no Docker engine answers; what the workload's store has need not be made again."""
    folder = tmp_path_factory.mktemp("brief")
    variables = {"DOCKER_HOST": f"unix://{folder}/none.sock", "LAMINA_OSV_URL": osv}
    yield _shell(folder, workload, variables)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Run a current Docker engine."""
    needs("mmdebstrap")
    if not docker_engine.is_there("docker-modern"):
        pytest.skip("docker-modern is not unpacked, or may not be started: run `make tools`")
    folder = tmp_path_factory.mktemp("engine")
    with docker_engine.docker_engine("docker-modern", folder) as docker:
        yield docker
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def base(engine: Docker, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make the image that stands in for Debian's official one, from Debian's own packages."""
    return import_base(engine, tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def with_docker(
    engine: Docker, workload: Workload, osv: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """Type where a Docker engine answers."""
    folder = tmp_path_factory.mktemp("brief-docker")
    path = f"{PROGRAMS}{os.pathsep}{engine.program.parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**engine.environment, "PATH": path, "LAMINA_OSV_URL": osv}
    yield _shell(folder, workload, variables)
    shutil.rmtree(folder, ignore_errors=True)


def _shell(folder: Path, workload: Workload, variables: Mapping[str, str]) -> Shell:
    project = copy_of_the_example(folder / "aml-agent")
    for name in (".dockerignore", "docker/Dockerfile", "Makefile", "scripts/build.sh"):
        assert (project / name).is_file(), name
    environment = {
        **workload.environment,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        **variables,
        "LAMINA_HISTORY": str(folder / "history.db"),
        "LAMINA_STORE": str(workload.store),
    }
    return Shell(project=project, environment=environment)


@pytest.mark.parametrize("line", [line for line in NATIVE if not PUSHED.startswith(line)])
def test_a_command_of_the_brief_works_without_docker(line: str, without_docker: Shell) -> None:
    _prepare(line, without_docker)

    _check(line, without_docker(line), without_docker)


def test_a_release_is_built_and_pushed_without_docker(
    without_docker: Shell, loopback_registry: str
) -> None:
    said = without_docker(f"{PUSHED} {loopback_registry}")

    _check("./scripts/build-prod.sh aml-agent:latest", said, without_docker)
    pushed = f"docker://{loopback_registry}/aml-agent:latest"
    assert f"== push {loopback_registry}/aml-agent:latest" in said
    assert json.loads(without_docker.lamina("size", pushed, "--format", "json"))


@pytest.mark.parametrize("line", NATIVE)
def test_a_command_of_the_brief_works_with_docker(
    line: str, with_docker: Shell, engine: Docker
) -> None:
    _prepare(line, with_docker)

    _check(line, with_docker(line), with_docker)

    if match := re.search(r"aml-agent:(dev|latest)", line):
        assert engine("image", "inspect", "--format", "{{.Os}}", match[0]).strip() == "linux"


def test_the_brief_looks_at_images_with_docker(with_docker: Shell) -> None:
    with_docker("make docker-build-fast")

    layers = with_docker("docker history aml-agent:latest").splitlines()
    images = with_docker("docker images aml-agent")

    assert len(layers) > 10
    assert re.search(r"aml-agent\s+latest|aml-agent:latest", images)


def test_the_brief_builds_with_buildkit_and_shows_every_step(with_docker: Shell, base: str) -> None:
    """The engine of the tests has no bridge and no registry: its base and network are told."""
    bundle = os.environ.get("SSL_CERT_FILE", "")
    told = f"--network=host --build-arg BASE={base}"
    told += f" --secret id=ca,src={bundle}" if bundle else ""

    said = with_docker(
        f"DOCKER_BUILDKIT=1 docker build {told} --progress=plain -f docker/Dockerfile ."
    )

    assert "install-into-venv" in said
    assert "exporting to image" in said


def _prepare(line: str, shell: Shell) -> None:
    """Build what the commands look at that build nothing."""
    if line in {"make docker-layers", "make docker-size"}:
        shell("make docker-build-fast")


def _check(line: str, said: str, shell: Shell) -> None:
    """Look at what came out: the image is there, it was tried, scanned, and its time is kept."""
    name = "aml-agent:dev" if "dev" in line or line == "make docker-build" else "aml-agent:latest"
    assert json.loads(shell.lamina("size", name, "--format", "json"))
    if line in {"make docker-layers", "make docker-size"}:
        assert name in said
        return
    builds = json.loads(shell.lamina("history", "--image", name, "--format", "json"))
    assert builds
    if "fast" not in line:
        assert re.search(r"(\d+) of \1 checks passed", said), said[-3000:]
    if "prod" in line and "build.sh" not in line and "fast" not in line:
        assert "reproducible: sha256:" in said
        reports = shell.project / ".lamina/reports"
        assert "permissions" in (reports / "scan.txt").read_text()
        assert json.loads((reports / "sbom.cdx.json").read_text())["components"]
        assert json.loads((reports / "sbom.spdx.json").read_text())["packages"]
    assert "== performance" in said


def test_init_has_nothing_to_change_in_the_example(without_docker: Shell) -> None:
    """What is committed there is what `lamina init` writes today."""
    assert without_docker.lamina("init", "--diff", "--ci", "none") == ""
