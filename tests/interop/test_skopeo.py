"""skopeo reads what Lamina writes, and finds the same digest everywhere."""

import json
from pathlib import Path

import pytest

from tests.interop.conftest import needs
from tests.support.process import run
from tests.support.workload import Workload

POLICY = ("--insecure-policy",)


def digest_of(*source: str) -> str:
    return str(json.loads(run("skopeo", "inspect", *source))["Digest"])


@pytest.fixture(autouse=True)
def _skopeo() -> None:
    needs("skopeo")


def test_a_layout_is_an_image_that_skopeo_inspects(workload: Workload) -> None:
    found = json.loads(run("skopeo", "inspect", f"oci:{workload.layout}:test"))

    assert found["Digest"] == workload.digest
    assert (found["Os"], found["Architecture"]) == ("linux", "amd64")
    assert 15 <= len(found["Layers"]) <= 60


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_one_archive_is_both_an_oci_archive_and_a_docker_archive(
    workload: Workload, transport: str, tmp_path: Path
) -> None:
    """Skopeo checks every layer's digest and diff_id while it copies."""
    source = f"{transport}:{workload.archive}"

    run("skopeo", *POLICY, "copy", "--quiet", source, f"oci:{tmp_path}/copy:x")

    config = json.loads(run("skopeo", "inspect", "--config", f"oci:{tmp_path}/copy:x"))
    original = json.loads(run("skopeo", "inspect", "--config", f"oci:{workload.layout}:test"))
    assert config["rootfs"] == original["rootfs"]
    assert config["config"] == original["config"]


def test_a_copy_in_a_registry_has_the_digest_that_lamina_printed(
    workload: Workload, loopback_registry: str
) -> None:
    target = f"docker://{loopback_registry}/skopeo/aml-agent:v1"

    run("skopeo", *POLICY, "copy", "--quiet", "--dest-tls-verify=false",
        f"oci:{workload.layout}:test", target)  # fmt: skip

    assert digest_of("--tls-verify=false", target) == workload.digest
