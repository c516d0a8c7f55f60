"""The reference workload by both engines, from one base of a registry: the same environment."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import needs
from tests.interop.test_buildkit import Site, layers
from tests.support import docker_engine
from tests.support.files_of import Tree, files_of
from tests.support.process import run
from tests.support.python_base import PACKAGES, push_base
from tests.support.remote_buildkit import served_over_tcp
from tests.support.workload import copy_of_the_example

FROM_INSTALLER = re.compile(r".*\.dist-info/(INSTALLER|RECORD)")
"""Lamina says who installed and lists that; uv is told to say nothing of itself."""

SCRIPT = re.compile(r"opt/venv/bin/[^/]+")
VENV = "opt/venv"


@pytest.fixture(scope="module")
def site(loopback_registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run a current engine, and push Debian with Python, pip and libgomp1."""
    needs("mmdebstrap")
    if not docker_engine.is_there("docker-modern-containerd"):
        pytest.skip("docker-modern is not unpacked, or may not be started: `make tools` as root")
    folder = tmp_path_factory.mktemp("workload-buildkit")
    with docker_engine.docker_engine("docker-modern-containerd", folder / "engine") as docker:
        base = push_base(docker, f"{loopback_registry}/bases/python:3.11", folder, PACKAGES)
        yield Site(docker=docker, registry=loopback_registry, base=base, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def project(site: Site) -> Path:
    """Copy the example, on that base."""
    folder = copy_of_the_example(site.folder / "project")
    path = folder / "pyproject.toml"
    text = re.sub(r'(?m)^base = "debian.*$', f'base = "{site.base}"', path.read_text())
    path.write_text(re.sub(r"(?m)^system-packages = .*$", "", text))
    return folder


@pytest.fixture(scope="module")
def cache(site: Site) -> str:
    """Say where the cache goes."""
    return f"type=registry,ref={site.registry}/cache/aml:main"


@pytest.fixture(scope="module")
def built(site: Site, project: Path, cache: str) -> Path:
    """Build with BuildKit, its cache into the registry; return the layout."""
    layout = site.folder / "buildkit"
    site.steps(project, "-t", "aml:1", "-o", f"oci:{layout}", "--cache-to", cache)
    return layout


@pytest.fixture(scope="module")
def native(site: Site, project: Path) -> Path:
    """Build with the native engine; return the layout."""
    layout = site.folder / "native"
    site.lamina("build", project, "-o", f"oci:{layout}", "--progress", "plain")
    return layout


def test_the_environments_are_equal_file_by_file(built: Path, native: Path) -> None:
    ours, theirs = (_environment(files_of(layout)) for layout in (native, built))

    assert len(ours) > 20_000
    apart = set(ours) ^ set(theirs)
    assert [path for path in sorted(apart) if not path.endswith(".dist-info/INSTALLER")] == []
    different = [p for p in ours if p in theirs and ours[p] != theirs[p]]
    assert [path for path in different if not FROM_INSTALLER.fullmatch(path)] == [
        path for path in different if SCRIPT.fullmatch(path)
    ]


def test_scripts_start_with_the_same_interpreter(built: Path, native: Path) -> None:
    ours, theirs = (
        {
            path: entry.first_line
            for path, entry in files_of(layout).items()
            if SCRIPT.fullmatch(path)
        }
        for layout in (native, built)
    )

    assert ours["opt/venv/bin/aml"] == b"#!/opt/venv/bin/python"
    assert ours == theirs


def test_the_configurations_are_equal(built: Path, native: Path) -> None:
    ours, theirs = _config(native), _config(built)

    assert sorted(ours.pop("Env")) == sorted(theirs.pop("Env"))
    assert ours == theirs


def test_it_runs(site: Site, project: Path, built: Path) -> None:
    report = json.loads(site.lamina("test", f"oci:{built}:toy:1", project, "--format", "json"))

    assert report["ok"], report


def test_docker_runs_it(site: Site, project: Path, built: Path) -> None:
    site.lamina("build", project, "--engine", "buildkit", *site.arguments, "-t", "aml:1", "--load")

    said = site.docker("run", "--rm", "--network=none", "aml:1", "--help")

    assert "Usage" in said
    assert built.is_dir()


def test_the_scripts_let_buildkit_build(site: Site, project: Path, built: Path) -> None:
    """What was built is in BuildKit's cache: what is tried here is the way through the script."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{site.environment['PATH']}"

    said = run(
        project / "scripts/build.sh", "prod", "aml-agent:scripts",
        environment={**site.environment, "PATH": path, "ENGINE": "buildkit",
                     "BUILD_OPTIONS": " ".join(site.arguments)},
    )  # fmt: skip

    assert re.search(r"(\d+) of \1 checks passed", said)
    assert site.docker("image", "inspect", "--format", "{{.Os}}", "aml-agent:scripts").strip()
    assert built.is_dir()


def test_a_remote_buildkit_builds_it_from_the_registrys_cache(  # noqa: PLR0917 - fixtures
    site: Site, project: Path, built: Path, cache: str, far: Path, tmp_path: Path
) -> None:
    with (
        docker_engine.docker_engine("docker-modern-containerd", far) as other,
        served_over_tcp(other.socket) as address,
    ):
        steps = site.steps(project, "--builder", address, "--cache-from", cache,
                           "-o", f"oci:{tmp_path / 'there'}")  # fmt: skip

    assert [how for name, how in steps.items() if name.startswith("[group-")] != []
    assert {how for name, how in steps.items() if name.startswith("[group-")} == {"cached"}
    assert layers(tmp_path / "there") == layers(built)
    shutil.rmtree(tmp_path, ignore_errors=True)


def _environment(tree: Tree) -> Tree:
    """Keep files and links: uv also makes the empty folders that wheels list."""
    return {
        path: entry
        for path, entry in tree.items()
        if path.startswith(f"{VENV}/") and entry.kind != "directory"
    }


def _config(layout: Path) -> dict[str, Any]:
    blobs = layout / "blobs/sha256"
    row = json.loads((layout / "index.json").read_bytes())["manifests"][0]
    manifest = json.loads((blobs / row["digest"][7:]).read_bytes())
    document = json.loads((blobs / manifest["config"]["digest"][7:]).read_bytes())
    return dict(document["config"])
