"""Looking at a project's files several times a second."""

import os
from pathlib import Path

import pytest

from lamina.cli.developing import looker


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "toy"\nversion = "1"\n')
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/app.py").write_text("1")
    return tmp_path


def test_an_edit_is_seen_at_the_next_look(project: Path) -> None:
    look = looker(project)
    before = look()
    os.utime(project / "toy/app.py", ns=(1, 1))

    after = look()

    assert {name for name in after if after[name] != before.get(name)} == {"toy/app.py"}


def test_a_new_file_is_seen_at_the_next_look(project: Path) -> None:
    look = looker(project)
    look()
    (project / "toy/more.py").write_text("2")

    assert "toy/more.py" in look()


def test_a_file_in_a_folder_that_was_empty_is_seen_soon(project: Path) -> None:
    """An empty folder is not looked at, but everything is listed again every few seconds."""
    look = looker(project)
    look()
    (project / "toy/sub").mkdir()
    look()
    (project / "toy/sub/new.py").write_text("2")

    assert any("toy/sub/new.py" in look() for _ in range(30))


@pytest.mark.parametrize("name", ["toy/__pycache__/app.pyc", ".git/index", "notes/today.md"])
def test_what_stays_out_of_images_is_not_looked_at(project: Path, name: str) -> None:
    (project / ".dockerignore").write_text("notes\n")
    look = looker(project)
    before = look()
    (project / name).parent.mkdir()
    (project / name).write_text("")

    assert look() == before


def test_a_lost_file_is_seen_at_the_next_look(project: Path) -> None:
    look = looker(project)
    look()
    (project / "toy/app.py").unlink()

    assert "toy/app.py" not in look()
