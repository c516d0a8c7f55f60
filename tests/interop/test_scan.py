"""The reference workload's image, as Lamina builds it, is clean."""

import json
import subprocess

import pytest

from tests.support.tools import EXAMPLE, LAMINA
from tests.support.workload import Workload

pytestmark = pytest.mark.slow
LOCAL = "secrets,permissions,licenses"


def scan(workload: Workload, *words: str) -> tuple[int, dict[str, dict[str, object]]]:
    command = [*LAMINA, "scan", f"oci:{workload.layout}", "--project", str(EXAMPLE),
               "--format", "json", *words]  # fmt: skip
    done = subprocess.run(
        command, env=workload.environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, {row["name"]: row for row in json.loads(done.stdout)["scanners"]}


def test_nothing_is_found_in_an_image_that_lamina_built(workload: Workload) -> None:
    """106 wheels of others, 28 Debian packages, and no finding at all, however mild."""
    code, found = scan(workload, "--scanners", LOCAL, "--severity", "low")

    assert {name: row["findings"] for name, row in found.items()} == {
        "secrets": [],
        "permissions": [],
        "licenses": [],
    }
    assert code == 0
    assert str(found["licenses"]["coverage"]).startswith("120 distributions")


@pytest.mark.network
def test_its_debian_packages_are_compared_with_the_archive(workload: Workload) -> None:
    """The image is built from the newest packages, so nothing is pending."""
    _, found = scan(workload, "--scanners", "debian,base")

    assert {name: row["state"] for name, row in found.items()} == {
        "debian": "clean",
        "base": "clean",
    }
    assert str(found["debian"]["coverage"]).startswith("28 packages of bookworm; partial")


def test_offline_what_was_not_asked_is_not_called_clean(workload: Workload) -> None:
    code, found = scan(workload, "--offline", "--scanners", "vulnerabilities,debian,base")

    assert code == 4
    assert {row["state"] for row in found.values()} == {"not scanned"}
