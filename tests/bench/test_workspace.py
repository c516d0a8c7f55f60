"""What is measured is a copy, and an edit changes a module of the application."""

import os
from pathlib import Path

import pytest

from lamina.bench.workspace import copy_project
from lamina.errors import ProjectError

PROJECT = '[project]\nname = "shop"\nversion = "1"\n'


def project(folder: Path, *modules: str) -> Path:
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT)
    for module in modules:
        path = folder / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    return folder


@pytest.mark.parametrize(
    ("modules", "edited"),
    [
        (("src/shop/__init__.py", "tests/test_a.py"), "src/shop/__init__.py"),
        (("shop/deep/b.py", "shop/a.py"), "shop/a.py"),
        (("app.py", "setup.py", "conftest.py"), "app.py"),
    ],
)
def test_the_copy_is_edited_and_the_project_is_not(
    tmp_path: Path, modules: tuple[str, ...], edited: str
) -> None:
    source = project(tmp_path / "shop", *modules)

    workspace = copy_project(source, tmp_path / "copy")
    workspace.edit("again")

    assert workspace.module == tmp_path / "copy" / edited
    assert workspace.module.read_text() == "x = 1\n\n# again\n"
    assert (source / edited).read_text() == "x = 1\n"


def test_the_history_is_copied_where_the_version_comes_from_it(tmp_path: Path) -> None:
    source = project(tmp_path / "shop", "app.py", ".git/config")
    text = '[project]\nname = "shop"\ndynamic = ["version"]\n'
    tool = '[build-system]\nrequires = ["hatchling", "hatch-vcs>=0.4"]\n'
    (source / "pyproject.toml").write_text(text + tool)

    copy_project(source, tmp_path / "copy")

    assert (tmp_path / "copy/.git/config").is_file()


def test_environments_and_histories_are_not_copied(tmp_path: Path) -> None:
    source = project(tmp_path / "shop", "app.py", ".venv/lib/a.py", ".git/config", "data/a.csv")

    copy_project(source, tmp_path / "copy")

    names = {path.name for path in (tmp_path / "copy").iterdir()}
    assert names == {"pyproject.toml", "app.py", "data"}


def test_a_project_without_a_module_cannot_be_measured(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no Python module"):
        copy_project(project(tmp_path / "shop", "tests/test_a.py"), tmp_path / "copy")


def test_sockets_and_pipes_are_not_copied(tmp_path: Path) -> None:
    source = project(tmp_path / "shop", "app.py")
    os.mkfifo(source / "pipe")

    copy_project(source, tmp_path / "copy")

    assert not (tmp_path / "copy/pipe").exists()


def test_a_project_that_cannot_be_copied_is_named(tmp_path: Path) -> None:
    source = project(tmp_path / "shop", "app.py")
    (tmp_path / "copy").write_text("in the way")

    with pytest.raises(ProjectError, match="cannot copy"):
        copy_project(source, tmp_path / "copy")
