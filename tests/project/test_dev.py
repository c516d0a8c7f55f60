"""What a dev image installs, and which lock says so."""

from pathlib import Path

import pytest

from lamina.project.dev import find_dev_lock, with_dev
from lamina.project.read import read_project
from lamina.project.settings import Settings


def test_the_group_dev_is_added_where_there_is_one() -> None:
    assert with_dev(Settings(groups=("serving",)), {"dev"}).groups == ("serving", "dev")
    assert with_dev(Settings(), {"lint"}).groups == ()
    assert with_dev(Settings(groups=("dev",)), {"dev"}).groups == ("dev",)


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pylock.toml"])
def test_a_lock_that_knows_groups_is_the_lock_of_both_images(name: str) -> None:
    assert find_dev_lock(Path(name)) == Path(name)


def test_a_requirements_file_has_the_tools_beside_it(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"

    before = find_dev_lock(lock)
    (tmp_path / "requirements.dev.txt").touch()

    assert before is None
    assert find_dev_lock(lock) == tmp_path / "requirements.dev.txt"


def test_a_list_pins_nothing() -> None:
    assert find_dev_lock(Path("requirements.in")) is None
    assert find_dev_lock(None) is None


def test_a_project_read_for_its_dev_image_has_the_groups_requirements(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "toy"\nversion = "1"\ndependencies = ["packaging"]\n'
        '[dependency-groups]\ndev = ["pytest"]\n'
    )
    (tmp_path / "requirements.txt").write_text("packaging==26.3\n")

    project = read_project(tmp_path, has_dev=True)

    assert project.dependencies == ("packaging", "pytest")
    assert project.requirements is None
    assert read_project(tmp_path).requirements == tmp_path / "requirements.txt"
