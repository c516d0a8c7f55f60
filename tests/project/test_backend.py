"""The project's own wheel is made by its own backend, as `uv build` runs it."""

import os
from pathlib import Path

import pytest
import uv

from lamina.errors import ProjectError, ToolError
from lamina.project.backend import build_wheel
from lamina.project.project import Project
from lamina.testing.projects import own_backend


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "toy"
    own_backend(folder)
    return Project(directory=folder, name="toy")


def test_a_wheel_is_built_by_the_projects_own_backend(project: Project, tmp_path: Path) -> None:
    environment = {**os.environ, "UV_OFFLINE": "1"}

    path = build_wheel(project, tmp_path / "out", uv=uv.find_uv_bin(), environment=environment)

    assert path == tmp_path / "out/toy-1.0-py3-none-any.whl"
    assert path.is_file()


def test_a_backend_that_fails_is_quoted(project: Project, tmp_path: Path) -> None:
    (project.directory / "backend.py").write_text("raise SystemExit('the moon is full')\n")
    environment = {**os.environ, "UV_OFFLINE": "1"}

    with pytest.raises(ProjectError) as caught:
        build_wheel(project, tmp_path / "out", uv=uv.find_uv_bin(), environment=environment)

    assert "the moon is full" in str(caught.value.why)
    assert caught.value.where == str(project.directory)


def test_a_missing_uv_is_named(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="/nothing/uv: cannot start uv"):
        build_wheel(project, tmp_path / "out", uv="/nothing/uv", environment={})
