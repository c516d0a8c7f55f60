"""The sources of a wheel are copied as a clean checkout has them."""

import os
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project import checkout
from lamina.project.backend import source_fingerprint
from lamina.project.checkout import copy_checkout
from lamina.project.files import wheel_files
from lamina.project.project import Project
from lamina.project.repository import history_facts, repository_of
from tests.support.git import commit, git, repository


def nothing(_: Path) -> list[str]:
    return []


def listed(folder: Path) -> list[str]:
    return git(folder, "ls-files").splitlines()


def copied(directory: Path, folder: Path, *, is_whole: bool = False) -> Path:
    tracked = listed if repository_of(directory) else nothing
    return copy_checkout(directory, folder, tracked=tracked, is_whole=is_whole)


def written(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    written(tmp_path / "shop/src/shop/__init__.py", "a = 1\n")
    written(tmp_path / "shop/pyproject.toml")
    return tmp_path / "shop"


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def test_what_earlier_builds_left_is_not_copied(project: Path, tmp_path: Path) -> None:
    for left in ("build/lib/shop/gone.py", "src/shop.egg-info/SOURCES.txt", "dist/shop-1.tar.gz",
                 ".venv/x.py", "env/pyvenv.cfg", "env/x.py", "src/shop/__pycache__/a.pyc",
                 "_skbuild/x"):  # fmt: skip
        written(project / left)

    copy = copied(project, tmp_path / "copy")

    assert names(copy) == ["pyproject.toml", "src/shop/__init__.py"]


def test_package_data_that_looks_like_a_secret_is_copied(project: Path, tmp_path: Path) -> None:
    """A backend decides what a wheel holds; certificates are data of many packages."""
    written(project / "src/shop/authority.pem", "x")

    assert "src/shop/authority.pem" in names(copied(project, tmp_path / "copy"))


def test_a_package_may_be_called_as_environments_are(project: Path, tmp_path: Path) -> None:
    """An environment is known by its pyvenv.cfg; a module's edit makes another wheel."""
    module = written(project / "src/shop/venv/make.py", "a = 1\n")
    written(project / "venv/pyvenv.cfg")
    written(project / "venv/lib/python3/site-packages/other.py")
    mine = Project(directory=project, name="shop")

    new = copied(project, tmp_path / "copy")
    before = source_fingerprint(mine)
    written(module, "a = 2, not one\n")

    assert (new / "src/shop/venv/make.py").is_file()
    assert not (new / "venv").exists()
    assert source_fingerprint(mine) != before
    assert [path for path in wheel_files(mine) if path.is_relative_to(project / "venv")] == []


def test_what_is_tracked_is_copied_whatever_its_name(tmp_path: Path) -> None:
    project = repository(tmp_path / "shop")
    commit(project, "build/lib/tracked.py", "")
    written(project / "build/lib/stale.py")

    copy = copied(project, tmp_path / "copy")

    assert names(copy / "build") == ["lib/tracked.py"]


def test_links_lead_where_they_led(project: Path, tmp_path: Path) -> None:
    written(tmp_path / "shared/data.txt", "far")
    (project / "near").symlink_to("src/shop/__init__.py")
    (project / "far").symlink_to("../shared/data.txt")
    (project / "broken").symlink_to("nowhere")

    copy = copied(project, tmp_path / "a/b/copy")

    assert (copy / "near").resolve() == copy / "src/shop/__init__.py"
    assert (copy / "far").read_text() == "far"
    assert (copy / "broken").is_symlink()


@pytest.mark.parametrize("can_link", [True, False])
def test_large_files_are_not_copied(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, can_link: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(checkout, "_LARGE", 4)
    if not can_link:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    large = written(project / "src/shop/model.bin", "large")

    copy = copied(project, tmp_path / "copy")

    assert (copy / "src/shop/model.bin").samefile(large)
    assert not (copy / "pyproject.toml").samefile(project / "pyproject.toml")


def test_files_beside_a_project_of_a_repository_are_there(tmp_path: Path) -> None:
    root = repository(tmp_path / "mono")
    commit(root, "LICENSE", "free")
    commit(root, "libs/one/one.py", "")
    commit(root, "services/shop/pyproject.toml", "")

    copy = copied(root / "services/shop", tmp_path / "copy")

    assert (copy / "../../LICENSE").read_text() == "free"
    assert (copy / "../../libs/one/one.py").is_file()


def test_the_root_of_a_workspace_is_above_its_members(tmp_path: Path) -> None:
    written(tmp_path / "ws/pyproject.toml", '[tool.uv.workspace]\nmembers = ["members/*"]\n')
    written(tmp_path / "ws/members/shop/pyproject.toml")

    copy = copied(tmp_path / "ws/members/shop", tmp_path / "copy")

    assert "members/*" in (copy / "../../pyproject.toml").read_text()


@pytest.mark.parametrize("where", [".", "services/shop"])
def test_a_copy_of_a_clean_checkout_is_clean_for_git(tmp_path: Path, where: str) -> None:
    root = repository(tmp_path / "mono")
    commit(root, "libs/one/one.py", "")
    commit(root, "services/shop/pyproject.toml", "")
    (root / "libs/link").symlink_to("one")
    git(root, "add", "libs/link")
    git(root, "commit", "-qm", "link")
    git(root, "tag", "v1.5")
    index = (root / ".git/index").read_bytes()

    copy = copied(root / where, tmp_path / "copy", is_whole=True)

    assert git(copy, "status", "--porcelain") == ""
    assert git(copy, "describe", "--tags", "--dirty") == "v1.5\n"
    top = git(copy, "rev-parse", "--show-toplevel").strip()
    assert Path(top) == tmp_path / "copy/mono"
    assert (root / ".git/index").read_bytes() == index


def test_a_worktree_and_a_submodule_keep_their_history(tmp_path: Path) -> None:
    root = repository(tmp_path / "main")
    commit(root, "a.txt", "")
    git(root, "tag", "v2")
    git(root, "worktree", "add", "-q", tmp_path / "tree")
    outer = repository(tmp_path / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", root, "sub")
    git(outer / "sub", "fetch", "-q", "--tags")

    for number, project in enumerate((tmp_path / "tree", outer / "sub")):
        copy = copied(project, tmp_path / f"copy{number}", is_whole=True)
        assert git(copy, "describe", "--tags", "--dirty") == "v2\n"


def test_an_edit_of_a_tracked_file_is_one_in_the_copy(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    commit(root, "a.txt", "")
    commit(root, "gone.txt", "")
    (root / "a.txt").write_text("edited")
    (root / "gone.txt").unlink()

    copy = copied(root, tmp_path / "copy", is_whole=True)

    assert git(copy, "status", "--porcelain").splitlines() == [" M a.txt", " D gone.txt"]


def test_history_is_told_apart_by_commits_and_tags(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    commit(root, "a.txt", "")
    before = history_facts(root)
    git(root, "status")
    same = history_facts(root)

    git(root, "tag", "v1")

    assert before == same != history_facts(root)
    assert history_facts(tmp_path) == ""


def test_sources_that_cannot_be_read_are_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", os.fspath(str(path)))

    monkeypatch.setattr("lamina.project.checkout.os.scandir", refuse)

    with pytest.raises(ProjectError, match="the sources cannot be copied"):
        copied(project, tmp_path / "copy")
