"""The reference image's bill beside what a scanner finds, and the image proven."""

import json
from pathlib import Path

import pytest

from tests.interop.test_scanner import _syft
from tests.support.process import run
from tests.support.schemas import cyclonedx_problem, spdx_problems
from tests.support.tools import EXAMPLE
from tests.support.workload import Workload


def _purls(path: Path) -> set[str]:
    rows = json.loads(path.read_bytes())["components"]
    purls = {row.get("purl", "") for row in rows}
    return {purl for purl in purls if purl.startswith(("pkg:pypi/", "pkg:deb/"))}


@pytest.fixture(scope="module")
def scanned(workload: Workload, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Ask syft for the distributions and Debian packages of the image."""
    out = tmp_path_factory.mktemp("syft") / "syft.cdx.json"
    run(_syft(), "scan", f"oci-dir:{workload.layout}", "-q", "-o", f"cyclonedx-json={out}")
    return _purls(out)


@pytest.mark.parametrize("subject", ["project", "image"])
def test_the_bill_names_what_a_scanner_finds_in_the_image(
    workload: Workload, scanned: set[str], tmp_path: Path, subject: str
) -> None:
    """Out of the plan, and out of the layers: the same packages under the same names."""
    out = tmp_path / "sbom.cdx.json"
    what = EXAMPLE if subject == "project" else f"oci:{workload.layout}"

    workload.lamina("sbom", what, "--platform", "linux/amd64", "-o", out)

    assert _purls(out) == scanned
    assert cyclonedx_problem(out.read_bytes()) == ""


def test_the_same_is_valid_as_spdx_and_read_by_the_scanner(
    workload: Workload, scanned: set[str], tmp_path: Path
) -> None:
    out, converted = tmp_path / "sbom.spdx.json", tmp_path / "back.cdx.json"

    workload.lamina(
        "sbom", EXAMPLE, "--platform", "linux/amd64", "--format", "spdx-json", "-o", out
    )
    run(_syft(), "convert", out, "-q", "-o", f"cyclonedx-json={converted}")

    assert spdx_problems(out.read_bytes()) == []
    assert {purl.partition("?")[0] for purl in _purls(converted)} == {
        purl.partition("?")[0] for purl in scanned
    }


def test_the_image_is_proven(workload: Workload) -> None:
    said = workload.lamina("verify", f"oci:{workload.layout}", EXAMPLE)

    assert said.startswith("proven: ")
    assert "these 107 wheels, these 28 packages of debian:bookworm" in said


def test_what_is_attached_is_in_a_real_registry(
    workload: Workload, loopback_registry: str, tmp_path: Path
) -> None:
    name = f"{loopback_registry}/proven/aml-agent:1"
    workload.lamina(
        "build", EXAMPLE, "-t", name, "--push", "--sbom", "--platform", "linux/amd64",
        "--progress", "plain",
    )  # fmt: skip

    out = tmp_path / "sbom.cdx.json"
    workload.lamina("sbom", f"docker://{name}", "--platform", "linux/amd64", "-o", out)
    said = workload.lamina("verify", f"docker://{name}", EXAMPLE)

    rows = json.loads(out.read_bytes())["components"]
    assert sum("hashes" in row for row in rows) >= 130
    assert said.startswith("proven: ")
