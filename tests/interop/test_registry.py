"""A real registry: Lamina pushes and pulls, and others read the same bytes."""

import json
import os
import subprocess
from pathlib import Path

from lamina.oci.digest import Digest
from tests.interop.conftest import needs
from tests.support.process import run
from tests.support.tools import EXAMPLE, LAMINA
from tests.support.workload import NAME, Workload


def inspect(reference: str) -> str:
    """Ask skopeo for a digest."""
    needs("skopeo")
    text = run("skopeo", "inspect", "--tls-verify=false", f"docker://{reference}")
    return str(json.loads(text)["Digest"])


def test_what_lamina_pushes_has_the_digest_that_it_printed(
    workload: Workload, loopback_registry: str
) -> None:
    reference = f"{loopback_registry}/lamina/aml-agent:v1"

    said = workload.lamina("push", NAME, reference, "--progress", "plain").strip()

    assert said == workload.digest
    assert inspect(reference) == workload.digest


def test_pushing_again_sends_nothing(workload: Workload, loopback_registry: str) -> None:
    reference = f"{loopback_registry}/lamina/again:v1"
    workload.lamina("push", NAME, reference)

    done = subprocess.run(
        [*LAMINA, "push", NAME, reference, "--progress", "rawjson"],
        check=True, capture_output=True, text=True, env=workload.environment,
    )  # fmt: skip

    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event for event in events if event["event"] == "BlobTransferred"] == []


def test_several_names_get_the_same_image(workload: Workload, loopback_registry: str) -> None:
    one, other = (f"{loopback_registry}/lamina/many:{tag}" for tag in ("a", "b"))

    workload.lamina("push", NAME, one, other)

    assert inspect(one) == inspect(other) == workload.digest


def test_a_pull_brings_every_byte_back(
    workload: Workload, loopback_registry: str, tmp_path: Path
) -> None:
    reference = f"{loopback_registry}/lamina/back:v1"
    workload.lamina("push", NAME, reference)
    environment = {**os.environ, "LAMINA_STORE": str(tmp_path / "store")}

    digest = run(*LAMINA, "pull", reference, environment=environment).strip()

    assert digest == workload.digest
    assert _blobs(tmp_path / "store/blobs/sha256") >= _blobs_of(workload)


def test_lamina_pulls_and_pushes_what_skopeo_pushed_byte_by_byte(
    workload: Workload, loopback_registry: str, tmp_path: Path
) -> None:
    """Docker's media types, which Lamina itself never writes."""
    needs("skopeo")
    theirs = f"{loopback_registry}/skopeo/schema2:v1"
    ours = f"{loopback_registry}/lamina/schema2:v1"
    run("skopeo", "--insecure-policy", "copy", "--quiet", "--format=v2s2",
        "--dest-tls-verify=false", f"oci:{workload.layout}:test", f"docker://{theirs}")  # fmt: skip
    environment = {**os.environ, "LAMINA_STORE": str(tmp_path / "store")}

    pulled = run(*LAMINA, "pull", theirs, environment=environment).strip()
    pushed = run(*LAMINA, "push", theirs, ours, environment=environment).strip()

    assert pulled == pushed == inspect(theirs) == inspect(ours)


def test_a_build_is_pushed_under_its_names(workload: Workload, loopback_registry: str) -> None:
    reference = f"{loopback_registry}/lamina/built:v1"

    digest = workload.lamina("build", EXAMPLE, "-t", reference, "--push").strip()

    assert inspect(reference) == digest == workload.digest


def test_a_registry_that_is_not_there_is_an_error_of_the_outside_world(
    workload: Workload,
) -> None:
    done = subprocess.run(
        [*LAMINA, "pull", "127.0.0.1:9/nothing:v1"],
        check=False, capture_output=True, text=True, env=workload.environment, timeout=120,
    )  # fmt: skip

    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def _blobs_of(workload: Workload) -> set[str]:
    return _blobs(workload.layout / "blobs/sha256") & _named(workload)


def _named(workload: Workload) -> set[str]:
    manifest = json.loads(workload.blob(workload.digest))
    rows = [manifest["config"], *manifest["layers"], {"digest": workload.digest}]
    return {Digest.parse(row["digest"]).hex for row in rows}


def _blobs(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
