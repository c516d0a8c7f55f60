"""Docker and Lamina through one real registry, each pulling what the other pushed."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamina.bases.apt_transport import HELPER
from tests.support.docker_engine import Docker
from tests.support.greeter import Greeter
from tests.support.raw_http import ask

_TYPES = (
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.oci.image.index.v1+json"
)


@pytest.fixture
def greeter(shared: Path, tmp_path: Path) -> Greeter:
    """Make a project whose base is in the store that all tests share."""
    if not HELPER.is_file():
        pytest.skip("the base is assembled from the apt archive that the host trusts: no apt here")
    project = Greeter(folder=tmp_path / "greeter", store=shared / "store", variables={})
    project.says("through the registry")
    return project


@pytest.fixture
def repository(docker: Docker, loopback_registry: str) -> Iterator[str]:
    """Name a repository of this engine's own, and forget its images in the end."""
    name = f"{loopback_registry}/between/{docker.kind}"
    yield name
    for tag in ("lamina", "docker"):
        docker.attempt("rmi", "-f", f"{name}:{tag}")


def manifest_of(reference: str) -> tuple[str, dict[str, Any]]:
    """Ask the registry itself for a manifest; return its digest and what it says."""
    address, _, rest = reference.partition("/")
    repository, _, tag = rest.rpartition(":")
    said = ask(address, "GET", f"/v2/{repository}/manifests/{tag}", headers={"Accept": _TYPES})
    assert said.status == 200
    return f"sha256:{hashlib.sha256(said.body).hexdigest()}", json.loads(said.body)


def blob_of(reference: str, digest: str) -> bytes:
    address, _, rest = reference.partition("/")
    said = ask(address, "GET", f"/v2/{rest.rpartition(':')[0]}/blobs/{digest}")
    assert said.status == 200
    return said.body


def test_docker_pulls_and_runs_what_lamina_pushed(
    greeter: Greeter, docker: Docker, repository: str
) -> None:
    """Nothing of it is in the engine before, so every layer is fetched, checked and unpacked."""
    reference = f"{repository}:lamina"

    assert docker("images", "--quiet") == ""

    digest = greeter.build("-t", reference, "--push")
    docker("pull", "--quiet", reference)

    assert docker("run", "--rm", "--network=none", reference) == "through the registry\n"
    digests = docker("image", "inspect", "--format", "{{json .RepoDigests}}", reference)
    assert json.loads(digests) == [f"{repository}@{digest}"]
    assert manifest_of(reference)[0] == digest


def test_lamina_pulls_every_byte_of_what_docker_pushed_and_pushes_it_on_as_it_is(
    greeter: Greeter, docker: Docker, repository: str, tmp_path: Path
) -> None:
    """The classic store compresses layers anew and writes Docker's own types of manifest."""
    theirs, copied = f"{repository}:docker", f"{repository}/copied:lamina"
    loading = {"DOCKER_HOST": f"unix://{docker.socket}"}
    built = replace(greeter, variables=loading).build("-t", theirs, "--load")
    docker("push", "--quiet", theirs)
    fresh = replace(greeter, store=tmp_path / "fresh")

    pulled = fresh.lamina("pull", theirs).strip()
    pushed = fresh.lamina("push", theirs, copied).strip()

    digest, manifest = manifest_of(theirs)
    assert pulled == pushed == digest
    assert manifest_of(copied) == (digest, manifest)
    assert fresh.document(pulled) == manifest
    for row in (manifest["config"], *manifest["layers"]):
        data = fresh.blob(row["digest"])
        assert (len(data), data) == (row["size"], blob_of(theirs, row["digest"]))
    config = fresh.document(manifest["config"]["digest"])
    ours = greeter.document(greeter.document(built)["config"]["digest"])
    assert config["rootfs"] == ours["rootfs"]
