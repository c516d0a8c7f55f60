"""The workload in its own image, without Docker: its tests pass, it starts, it learns."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.cli.images import Wanted, opened
from lamina.cli.unpacked import unpacked
from lamina.oci.platform import Platform
from lamina.rootfs.container import prepare
from lamina.rootfs.run import start
from lamina.store.store import Store
from tests.support.process import answers, free_port, run, server
from tests.support.tools import EXAMPLE, LAMINA
from tests.support.workload import NAME, Workload

UV = Path(sys.executable).parent / "uv"


def test_lamina_test_imports_every_declared_dependency_and_sees_the_health_check(
    workload: Workload,
) -> None:
    report = json.loads(workload.lamina("test", NAME, EXAMPLE, "--format", "json"))

    tried = {check["what"] for check in report["checks"]}
    assert report["ok"], report
    assert {"import xgboost", "import eli5", "import streamlit", "start aml serve"} <= tried
    assert len(tried) >= 28


def test_a_model_is_trained_and_asked_over_http_in_the_running_image(
    workload: Workload, tmp_path: Path
) -> None:
    port = free_port()
    command = [*LAMINA, "run", "-e", f"AML_PORT={port}", NAME]
    client = EXAMPLE / "scripts" / "train_over_http.py"

    with server(
        command,
        log=tmp_path / "service.log",
        is_ready=lambda: answers(f"http://127.0.0.1:{port}/healthz"),
        environment=workload.environment,
        timeout_s=180,
    ):
        said = run(sys.executable, client, f"http://127.0.0.1:{port}")

    assert "predicted: 20 of 20 right" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start the image as its own user")
def test_the_workloads_own_tests_pass_inside_the_image(workload: Workload, tmp_path: Path) -> None:
    """Pytest is laid beside the image's own files; everything else is the image's."""
    store = Store.open(workload.store)
    with opened(Wanted(name=NAME, platform=Platform.parse("linux/amd64")), store) as found:
        image, content = found.image, found.content
    tools = tmp_path / "tools"
    run(UV, "pip", "install", "--quiet", "--target", tools, "--python-version", "3.11", "pytest")
    with unpacked(image, content, store) as root, tempfile.TemporaryFile() as output:
        shutil.copytree(tools, root / "opt" / "tools")
        shutil.copytree(EXAMPLE / "tests", root / "app" / "tests")
        shutil.copy(EXAMPLE / "pyproject.toml", root / "app")
        _open_to_all(root / "opt" / "tools", root / "app")
        container = prepare(
            root,
            replace(image.runtime, entrypoint=("python", "-m", "pytest"), command=()),
            arguments=("-q", "-p", "no:cacheprovider", "/app/tests"),
            environment=[("PYTHONPATH", "/opt/tools")],
            network="loopback",
        )
        running = start(container, output=output)
        try:
            code = running.wait(600)
        except subprocess.TimeoutExpired:
            code = running.stop()
        output.seek(0)
        said = output.read().decode()

    assert code == 0, said[-4000:]


def _open_to_all(*folders: Path) -> None:
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
