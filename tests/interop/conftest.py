"""The workload's image and the real programs that read it; each skips with its reason."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.bases.apt_transport import HELPER
from tests.support import docker_engine, registry
from tests.support.docker_engine import Docker, Kind
from tests.support.workload import Workload, build_workload


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are slow."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.network)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = root / "workload"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def workload(shared: Path) -> Workload:
    """Build the example for amd64."""
    _needs_sandbox()
    return build_workload(shared, "linux/amd64")


@pytest.fixture(scope="session")
def workload_arm64(shared: Path) -> Workload:
    """Build the example for arm64, here."""
    _needs_sandbox()
    return build_workload(shared, "linux/arm64")


def _needs_sandbox() -> None:
    if not HELPER.is_file():
        pytest.skip("the base is assembled from the apt archive that the host trusts: no apt here")
    if not shutil.which("bwrap"):
        pytest.skip("eli5 has to be built from its sdist, in bubblewrap: not installed")


def needs(program: str) -> None:
    """Skip where a program is missing."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed: run `make tools` as root")


@pytest.fixture(scope="session")
def loopback_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a real registry; the value is its ``127.0.0.1:PORT``."""
    if not registry.PROGRAM.exists():
        pytest.skip("docker-registry is not unpacked: run `make tools` as root")
    with registry.registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="module", params=["docker-20", "docker-modern-containerd"])
def docker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Docker]:
    """Run a Docker engine: the classic store of 20.10, and containerd's of a current one."""
    kind: Kind = request.param
    if not docker_engine.is_there(kind):
        pytest.skip(f"{kind} is not unpacked, or may not be started: run `make tools` as root")
    folder = tmp_path_factory.mktemp(kind)
    with docker_engine.docker_engine(kind, folder) as engine:
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def far(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for another engine; its name is short, for sockets may have 104 characters."""
    return tmp_path_factory.mktemp("far")
