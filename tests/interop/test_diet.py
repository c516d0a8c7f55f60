"""The workload with weigh's advice and a diet: at most 0.89 GB, and everything still works."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.lighter import lighter_workload
from tests.support.process import run
from tests.support.tools import LAMINA
from tests.support.workload import Workload, run_own_tests

NAME = "aml-agent:lean"
LARGEST = 890_000_000


@dataclass(frozen=True, kw_only=True)
class Lean:
    """The changed copy of the example, built in the store of the workload."""

    project: Path
    workload: Workload
    digest: str

    def bytes(self, name: str) -> dict[str, Any]:
        """Return the sums of an image's layers."""
        text = self.workload.lamina("layers", name, "--format", "json")
        sections = {section["key"]: section for section in json.loads(text)["sections"]}
        return dict(sections["bytes"]["figures"])


@pytest.fixture(scope="module")
def lean(workload: Workload, tmp_path_factory: pytest.TempPathFactory) -> Lean:
    """Build the copy that follows the advice and has a diet."""
    folder = tmp_path_factory.mktemp("lean") / "aml-agent"
    project = lighter_workload(folder, workload.environment)
    command = (*LAMINA, "build", project, "-t", NAME, "--platform", "linux/amd64")
    digest = run(*command, environment=workload.environment).strip()
    return Lean(project=project, workload=workload, digest=digest)


def test_the_image_has_at_most_890_mb(lean: Lean) -> None:
    """Unpacked, base included: all files of all layers."""
    figures = lean.bytes(NAME)

    assert figures["unpacked"] <= LARGEST
    assert figures["dead"] == 0


def test_lamina_test_passes(lean: Lean) -> None:
    report = json.loads(lean.workload.lamina("test", NAME, lean.project, "--format", "json"))

    tried = {check["what"] for check in report["checks"]}
    assert report["ok"], report
    assert {"import xgboost", "import shap", "import catboost", "start aml serve"} <= tried


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start the image as its own user")
def test_the_workloads_own_tests_pass(lean: Lean, tmp_path: Path) -> None:
    code, said = run_own_tests(lean.workload.store, NAME, lean.project, scratch=tmp_path)

    assert code == 0, said[-4000:]


def test_the_image_is_proven(lean: Lean) -> None:
    said = lean.workload.lamina("verify", NAME, lean.project)

    assert "proven: " in said


def test_every_distribution_of_the_lock_is_still_listed(lean: Lean) -> None:
    text = lean.workload.lamina("sbom", NAME)
    listed = {row["name"] for row in json.loads(text)["components"]}
    lock = (lean.project / "requirements.txt").read_text().splitlines()
    locked = {line.partition("==")[0].partition("[")[0] for line in lock if "==" in line[:60]}

    missing = {name for name in locked if name and name[0].isalpha() and name not in listed}

    assert missing <= {"xgboost"}  # of other platforms alone


def test_what_the_image_loads_can_be_written_down_and_compiled(lean: Lean) -> None:
    """The list of one image decides the bytecode of the next."""
    listed = lean.project / "lamina.loaded.json"
    lean.workload.lamina("test", NAME, lean.project, "--loaded", listed)
    found = json.loads(listed.read_text())
    path = lean.project / "pyproject.toml"
    plain = path.read_text()
    path.write_text(plain.replace("[tool.lamina]\n", '[tool.lamina]\nbytecode = "imported"\n'))

    try:
        command = (*LAMINA, "build", lean.project, "-t", "aml-agent:compiled")
        run(*command, environment=lean.workload.environment)
    finally:
        path.write_text(plain)

    assert {"fastapi", "uvicorn", "aml-agent"} <= set(found["program"])
    assert "catboost" not in found["program"]
    assert "catboost/_catboost.so" in found["objects"]["catboost"]
    more = lean.bytes("aml-agent:compiled")["unpacked"] - lean.bytes(NAME)["unpacked"]
    assert 10_000_000 < more < 80_000_000
