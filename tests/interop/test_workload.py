"""The workload in its own image, without Docker: its tests pass, it starts, it learns."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.process import answers, free_port, run, server
from tests.support.tools import EXAMPLE, LAMINA
from tests.support.workload import NAME, Workload, run_own_tests


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
    code, said = run_own_tests(workload.store, NAME, EXAMPLE, scratch=tmp_path)

    assert code == 0, said[-4000:]
