"""Real Docker engines, old and current, load, pull and run the image."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.support.docker_engine import Docker
from tests.support.workload import NAME, Workload

HEAVY = "import xgboost, lightgbm, catboost, shap, streamlit, pyarrow; print('imported')"
FACTS = (
    "import os, site; p = site.getsitepackages()[0]; "
    "print(os.getuid(), os.access(p, os.W_OK), os.path.exists('/bin/sh'))"
)
HEALTHY_S = 90


@pytest.fixture(scope="module")
def loaded(docker: Docker, workload: Workload) -> Iterator[str]:
    """Load the archive with ``docker load``."""
    docker("load", "--quiet", "-i", workload.archive)
    yield NAME
    docker("rmi", "-f", NAME)


def test_docker_load_keeps_the_image_id(loaded: str, docker: Docker, workload: Workload) -> None:
    """The classic store calls an image by its config's digest, containerd's by its manifest's."""
    found = docker("image", "inspect", "--format", "{{.Id}}", loaded).strip()

    manifest = json.loads(workload.blob(workload.digest))
    assert found in {workload.digest, manifest["config"]["digest"]}


def test_the_running_image_is_what_was_promised(loaded: str, docker: Docker) -> None:
    """Not root, site-packages closed, no shell; the compiled libraries work."""
    python = ("run", "--rm", "--network=none", "--entrypoint", "python", loaded, "-c")

    facts, imported = docker(*python, FACTS), docker(*python, HEAVY)

    assert facts.split() == ["65532", "False", "False"]
    assert imported == "imported\n"


def test_the_health_check_turns_green(loaded: str, docker: Docker) -> None:
    container = docker(
        "run", "-d", "--network=none", "--read-only", "--tmpfs", "/tmp",
        "--health-interval=1s", loaded,
    ).strip()  # fmt: skip
    try:
        state = _await_health(docker, container)
        logs = docker.attempt("logs", container)
    finally:
        docker("rm", "-f", container)

    assert state == "healthy", logs.stdout + logs.stderr


def test_docker_history_names_what_each_layer_holds(loaded: str, docker: Docker) -> None:
    lines = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", loaded).splitlines()

    assert any(line.startswith("lamina: xgboost==2.0.2") for line in lines)
    assert any("packages of bookworm amd64" in line for line in lines)


def _await_health(docker: Docker, container: str) -> str:
    deadline = time.monotonic() + HEALTHY_S
    while True:
        found = docker("inspect", "--format", "{{.State.Health.Status}}", container).strip()
        if found == "healthy" or time.monotonic() > deadline:
            return found
        time.sleep(0.5)
