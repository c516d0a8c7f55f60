"""The project's own wheel is made by its own backend, as `uv build` runs it."""

import os
import zipfile
from pathlib import Path

import pytest
import uv

from lamina.errors import ProjectError, ToolError
from lamina.project.backend import build_wheel
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.testing.projects import own_backend
from tests.support.git import commit, git, repository

_SETUPTOOLS = """\
[build-system]
requires = ["setuptools{more}"]
build-backend = "setuptools.build_meta"
[project]
name = "shop"
{version}
"""


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


def built(folder: Path, output: Path) -> Path:
    project = Project(directory=folder, name="shop")
    return build_wheel(project, output, uv=uv.find_uv_bin(), environment=dict(os.environ))


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return sorted(name for name in archive.namelist() if ".dist-info/" not in name)


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("version", ["", "<60"])
def test_a_deleted_module_is_not_in_the_next_wheel_of_setuptools(
    tmp_path: Path, version: str
) -> None:
    """The folder ``build/lib``, where earlier builds left everything, is not taken from."""
    folder = tmp_path / "shop"
    package = folder / "src/shop"
    package.mkdir(parents=True)
    text = _SETUPTOOLS.format(more=version and f"{version}', 'wheel", version='version = "1"')
    (folder / "pyproject.toml").write_text(text.replace("'", '"'))
    if version:  # which knows no [project]
        (folder / "setup.py").write_text(
            "from setuptools import setup\n"
            "setup(name='shop', version='1', packages=['shop'], package_dir={'': 'src'})\n"
        )
    (package / "__init__.py").touch()
    clean = built(folder, tmp_path / "clean").read_bytes()
    before = sorted(folder.rglob("*"))
    (package / "gone.py").touch()

    first = built(folder, tmp_path / "first")
    (package / "gone.py").unlink()
    second = built(folder, tmp_path / "second")

    assert names(first) == ["shop/__init__.py", "shop/gone.py"]
    assert names(second) == ["shop/__init__.py"]
    assert second.read_bytes() == clean
    assert sorted(folder.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("where", [".", "services/shop"])
def test_a_version_is_taken_from_the_tags_of_the_repository(tmp_path: Path, where: str) -> None:
    root = repository(tmp_path / "mono")
    commit(root, "LICENSE", "free")
    text = _SETUPTOOLS.format(more='", "setuptools-scm', version='dynamic = ["version"]')
    text += f'[tool.setuptools_scm]\nroot = "{"../.." if where != "." else "."}"\n'
    commit(root, f"{where}/pyproject.toml", text + '[tool.setuptools]\npy-modules = ["shop"]\n')
    commit(root, f"{where}/shop.py", "")
    git(root, "tag", "v1.5")

    project = read_project(root / where)
    wheel = build_wheel(
        project, tmp_path / "out", uv=uv.find_uv_bin(), environment=dict(os.environ)
    )

    assert project.is_versioned_by_tags
    assert wheel.name == "shop-1.5-py3-none-any.whl"
    assert git(root, "status", "--porcelain") == ""
