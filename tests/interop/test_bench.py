"""`lamina bench` against a real Docker engine and a real registry."""

import json
import os
from pathlib import Path

import pytest

from lamina.bench.comparison import Scenario
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support.docker_engine import Docker
from tests.support.process import run
from tests.support.tools import LAMINA

WHEEL = ToyWheel(name="used", files={"used.py": b"x" * 100_000})
LIGHT = ToyWheel(name="used", files={"used.py": b"x" * 1_000})
DOCKERFILE = "ARG BASE\nFROM ${BASE}\nCOPY . /app\nCOPY docker/Dockerfile /app/app.py\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = locked_project(tmp_path / "project", (WHEEL,))
    (folder / "app.py").write_text("import used\n")
    (folder / "docker").mkdir()
    (folder / "docker/Dockerfile").write_text(DOCKERFILE)
    return folder


def test_a_dockerfile_and_lamina_stand_side_by_side(
    project: Path, docker: Docker, loopback_registry: str, tmp_path: Path
) -> None:
    path = f"{docker.program.parent}{os.pathsep}{os.environ['PATH']}"
    images = docker("images", "--quiet")
    lighter = locked_project(tmp_path / "other" / "lighter", (LIGHT,))
    (lighter / "app.py").write_text("import used\n")
    (tmp_path / "secret").write_text("s3cret")

    out = run(
        *LAMINA, "bench", project, "--registry", f"{loopback_registry}/bench", "--format", "json",
        "--also", f"as recommended={lighter}", "--docker-option=--build-arg=BASE=scratch",
        "--docker-option=--network=host", "--prune",
        f"--docker-option=--secret=id=given,src={tmp_path / 'secret'}",
        environment={**docker.environment, "PATH": path, "LAMINA_STORE": str(tmp_path / "store")},
    )  # fmt: skip

    times, sizes, notes = json.loads(out)["sections"]
    assert [row["of"] for row in times["times"]] == [*map(str, Scenario)]
    for row in times["times"]:
        assert row["less"] == pytest.approx(1 - row["after"] / row["before"])
        assert row["less-1"] == pytest.approx(1 - row["after-1"] / row["before"])
    total = {row["of"]: row["before"] for row in sizes["sizes"]}
    kept = sum(path.stat().st_size for path in project.rglob("*") if path.is_file())
    edits = len("\n# cached 0\n" + "\n# pushed 0\n" + "\n# again 0\n")
    assert total["total"] == kept + edits + len(DOCKERFILE)
    assert sizes["sizes"][-1]["after-1"] < sizes["sizes"][-1]["after"]
    assert total["hidden by later layers"] == len("import used\n") + edits
    assert "--no-cache" in json.dumps(notes)
    assert docker("images", "--quiet") == images


def test_a_dockerfile_that_fails_is_named_and_leaves_no_image(
    project: Path, docker: Docker, tmp_path: Path
) -> None:
    (project / "docker/Dockerfile").write_text("FROM scratch\nCOPY missing /app\n")
    path = f"{docker.program.parent}{os.pathsep}{os.environ['PATH']}"
    images = docker("images", "--quiet")

    with pytest.raises(Exception, match="a measured build failed") as failure:
        run(
            *LAMINA, "bench", project,
            environment={
                **docker.environment, "PATH": path, "LAMINA_STORE": str(tmp_path / "store")
            },
        )  # fmt: skip

    assert "Traceback" not in str(failure.value)
    assert "missing" in str(failure.value)
    assert docker("images", "--quiet") == images
