"""A CI runner that has never seen the project pushes it after one dependency changed."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamina.testing.fault_proxy import FaultProxy
from tests.support.process import run
from tests.support.tools import LAMINA
from tests.support.workload import Workload, bump, copy_of_the_example

KEY = "a key that only these tests know"


@dataclass(frozen=True, kw_only=True)
class ColdRun:
    """What a machine with an empty store did."""

    digest: str
    store: Path
    project: Path
    registry_bytes: int
    events: tuple[dict[str, object], ...]

    @property
    def wheels(self) -> set[str]:
        """The wheels that are on its disk afterwards, by digest."""
        return {path.stem for path in (self.store / "wheels").iterdir()}

    def facts(self, kind: str) -> list[dict[str, object]]:
        return [event for event in self.events if event["event"] == kind]


@pytest.fixture(scope="module")
def cold(
    workload: Workload, loopback_registry: str, tmp_path_factory: pytest.TempPathFactory
) -> ColdRun:
    folder = tmp_path_factory.mktemp("cold")
    project = copy_of_the_example(folder / "project")
    warm = {**workload.environment, "LAMINA_MEMO_KEY": KEY}
    tag = f"{loopback_registry}/cold/app:main"
    run(*LAMINA, "build", project, "-t", tag, "--push", environment=warm)
    bump(project, "plotly", "5.18.0", folder=folder)
    environment = {**os.environ, "LAMINA_MEMO_KEY": KEY, "LAMINA_STORE": str(folder / "store")}
    with FaultProxy(loopback_registry) as proxy:
        words = ("-t", f"{proxy.address}/cold/app:bumped", "--push", "--progress", "rawjson")
        log = folder / "log"
        command = ("sh", "-c", '"$@" 2>"$0"', log, *LAMINA, "build", project, *words)
        digest = run(*command, environment=environment).strip()
        moved = sum(r.request_bytes + r.response_bytes for r in proxy.requests())
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return ColdRun(
        digest=digest,
        store=folder / "store",
        project=project,
        registry_bytes=moved,
        events=tuple(lines),
    )


def test_no_unchanged_dependency_is_downloaded(cold: ColdRun) -> None:
    """Its disk holds the new plotly and the project's own wheel, and no other."""
    fetched = [str(event["name"]) for event in cold.facts("WheelFetched") if event["size"]]

    assert fetched == ["plotly-5.18.0-py3-none-any.whl"]
    assert len(cold.wheels) == 2


def test_nor_does_one_pass_through_the_registry(cold: ColdRun) -> None:
    """What moves is the layer of plotly and the project, and what is known of the others."""
    uploaded = [e for e in cold.facts("BlobTransferred") if e["transfer"] == "uploaded"]
    sizes = sorted((int(str(event["size"])) for event in uploaded), reverse=True)

    fetched = sum(int(str(event["size"])) for event in cold.facts("WheelFetched"))
    assert sizes[0] == pytest.approx(fetched, rel=0.1)  # 12,403 files have a header each
    assert sum(sizes[1:]) < 500_000
    assert cold.registry_bytes < sum(sizes) + 5_000_000


def test_the_image_is_the_one_that_is_built_from_scratch(cold: ColdRun, workload: Workload) -> None:
    """By a machine that has all bytes, and asks no registry."""
    digest = workload.lamina("build", cold.project, "-t", "bumped").strip()

    assert cold.digest == digest


def test_the_pushed_image_is_whole(
    cold: ColdRun, workload: Workload, loopback_registry: str, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    environment = {**workload.environment, "LAMINA_STORE": str(store)}

    pulled = run(*LAMINA, "pull", f"{loopback_registry}/cold/app:bumped", environment=environment)

    assert cold.digest in pulled
    shutil.rmtree(store)
