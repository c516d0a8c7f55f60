"""A base from a registry: found out, kept, built upon and started."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import needs
from tests.support.process import run
from tests.support.tools import EXAMPLE, LAMINA
from tests.support.workload import Workload


@pytest.fixture(scope="module")
def base(
    workload: Workload, loopback_registry: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Push Debian with Python and libgomp1, as somebody's base, with skopeo."""
    needs("skopeo")
    folder = tmp_path_factory.mktemp("base")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "base"\nversion = "1"\n'
        '[tool.lamina]\nbase = "debian:bookworm"\nsystem-packages = ["libgomp1"]\n'
    )
    workload.lamina("build", folder, "-o", f"oci:{folder / 'layout'}:base")
    reference = f"{loopback_registry}/bases/python:3.11"
    run("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
        f"oci:{folder / 'layout'}:base", f"docker://{reference}")  # fmt: skip
    return reference


@pytest.fixture
def project(base: str, tmp_path: Path) -> Path:
    """Copy the example, on that base."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".*_cache", "__pycache__"))
    path = folder / "pyproject.toml"
    text = re.sub(r'(?m)^base = "debian.*$', f'base = "{base}"', path.read_text())
    path.write_text(re.sub(r"(?m)^system-packages = .*$", "", text))
    return folder


def test_the_workload_builds_on_it_and_runs(workload: Workload, project: Path) -> None:
    workload.lamina("build", project, "-t", "on-a-registrys-base")

    report = json.loads(workload.lamina("test", "on-a-registrys-base", project, "--format", "json"))

    assert report["ok"], report


def test_its_layers_come_first_and_as_they_are(
    workload: Workload, project: Path, base: str
) -> None:
    workload.lamina("pull", base)
    digest = workload.lamina("build", project, "-t", "on-a-registrys-base").strip()

    below, above = (
        [row["digest"] for row in json.loads(_blob(workload, name))["layers"]]
        for name in (run_digest(workload, base), digest)
    )
    assert above[: len(below)] == below


def test_a_base_that_is_not_there_is_named(
    workload: Workload, project: Path, loopback_registry: str
) -> None:
    path = project / "pyproject.toml"
    text = re.sub(r"(?m)^base = .*$", f'base = "{loopback_registry}/none:1"', path.read_text())
    path.write_text(text)

    done = subprocess.run(
        [*LAMINA, "build", project, "-t", "x"],
        check=False, capture_output=True, text=True, env=workload.environment,
    )  # fmt: skip

    assert done.returncode == 3
    assert f"{loopback_registry}/none" in done.stderr
    assert "MANIFEST_UNKNOWN" in done.stderr


def run_digest(workload: Workload, reference: str) -> str:
    """Pull, and return what the tag stands for."""
    return workload.lamina("pull", reference).strip()


def _blob(workload: Workload, digest: str) -> bytes:
    return (workload.store / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
