"""From `docker run` to a green /healthz, and the imports of the heavy libraries, in each image."""

import time
from typing import Any

from tests.support.docker_engine import Docker
from tests.support.process import answers, free_port

IMPORTS = "import xgboost, lightgbm, catboost, shap, streamlit, pyarrow"
_PAUSE_S = 0.01
_LONGEST_S = 120


def start_times(docker: Docker, images: dict[str, str], *, rounds: int) -> dict[str, Any]:
    """Start each image in turn, ``rounds`` times; return medians in seconds for each name."""
    healthy: dict[str, list[float]] = {name: [] for name in images}
    imports: dict[str, list[float]] = {name: [] for name in images}
    for _ in range(rounds):
        for name, image in images.items():
            healthy[name].append(_until_healthy(docker, image))
            imports[name].append(_until_imported(docker, image))
    return {
        name: {
            "healthy_seconds": sorted(healthy[name])[rounds // 2],
            "import_seconds": sorted(imports[name])[rounds // 2],
        }
        for name in images
    }


def _until_healthy(docker: Docker, image: str) -> float:
    port = free_port()
    began = time.perf_counter()
    container = docker(
        "run", "-d", "--network=host", "--read-only", "--tmpfs", "/tmp",
        "-e", f"AML_PORT={port}", "-e", "AML_HOST=127.0.0.1", image,
    ).strip()  # fmt: skip
    try:
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            if time.perf_counter() - began > _LONGEST_S:
                raise RuntimeError(f"{image} does not answer")
            time.sleep(_PAUSE_S)
        return time.perf_counter() - began
    finally:
        docker("rm", "-f", container)


def _until_imported(docker: Docker, image: str) -> float:
    began = time.perf_counter()
    docker("run", "--rm", "--network=none", "--read-only", "--tmpfs", "/tmp",
           "--entrypoint", "python3", image, "-c", IMPORTS)  # fmt: skip
    return time.perf_counter() - began
