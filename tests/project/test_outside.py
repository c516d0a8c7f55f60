"""Which folders belong to a project: those of its repository, or of its workspace."""

from pathlib import Path

import pytest

from lamina.project.outside import outside_of
from lamina.project.project import Project


def project(folder: Path, lock: Path | None = None) -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    return Project(directory=folder, name="shop", requirements=lock)


@pytest.mark.parametrize("is_file", [False, True])
def test_all_of_a_repository_belongs_to_its_projects(tmp_path: Path, *, is_file: bool) -> None:
    """A worktree's mark is a file."""
    shop = project(tmp_path / "repo" / "apps" / "shop")
    mark = tmp_path / "repo" / ".git"
    if is_file:
        mark.touch()
    else:
        mark.mkdir()

    assert outside_of(shop, tmp_path / "repo" / "core") is None
    assert outside_of(shop, shop.directory / "../../core") is None
    assert outside_of(shop, tmp_path / "elsewhere") == tmp_path / "repo"


def test_without_a_repository_a_workspace_is_what_its_lock_is_for(tmp_path: Path) -> None:
    shop = project(tmp_path / "space" / "shop", tmp_path / "space" / "uv.lock")

    assert outside_of(shop, tmp_path / "space" / "core") is None
    assert outside_of(shop, tmp_path / "core") == tmp_path / "space"


def test_without_either_only_the_projects_own_folder_belongs_to_it(tmp_path: Path) -> None:
    shop = project(tmp_path / "shop", tmp_path / "shop" / "poetry.lock")

    assert outside_of(shop, tmp_path / "shop" / "core") is None
    assert outside_of(shop, tmp_path / "core") == tmp_path / "shop"


def test_a_link_is_where_it_leads(tmp_path: Path) -> None:
    shop = project(tmp_path / "shop")
    (tmp_path / "core").mkdir()
    (tmp_path / "shop" / "core").symlink_to("../core")

    assert outside_of(shop, tmp_path / "shop" / "core") == tmp_path / "shop"
