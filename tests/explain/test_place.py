"""Which folder a build was of."""

import subprocess
from pathlib import Path

import pytest

from lamina.explain.place import Place, place_of


def _checkout(folder: Path, url: str = "") -> Path:
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    if url:
        subprocess.run(["git", "-C", folder, "remote", "add", "origin", url], check=True)
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/team/shop.git",
        "https://me:hunter2@example.org/team/shop",
        "git@example.org:team/shop.git",
        "ssh://git@example.org/team/shop.git/",
    ],
)
def test_checkouts_of_one_repository_are_one_place_however_they_were_cloned(
    tmp_path: Path, url: str
) -> None:
    one = place_of(_checkout(tmp_path / "a", "https://example.org/team/shop"))
    other = place_of(_checkout(tmp_path / "b", url))

    assert one.origin == other.origin != ""
    assert one.folder != other.folder
    assert one.is_that_of(other)


def test_another_folder_of_a_repository_is_another_place(tmp_path: Path) -> None:
    root = _checkout(tmp_path / "a", "https://example.org/team/shop")
    (root / "api").mkdir()

    assert not place_of(root / "api").is_that_of(place_of(root))


def test_a_worktree_has_the_origin_of_its_repository(tmp_path: Path) -> None:
    root = _checkout(tmp_path / "a", "https://example.org/team/shop")
    words = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*words, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*words, "worktree", "add", "-q", str(tmp_path / "tree")], check=True)

    assert place_of(tmp_path / "tree").is_that_of(place_of(root))


def test_a_folder_outside_of_git_is_only_itself(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    found = place_of(tmp_path / "link")

    assert found.origin == ""
    assert found.is_that_of(place_of(tmp_path))
    assert not found.is_that_of(place_of(_checkout(tmp_path / "a")))
    assert not Place().is_that_of(Place())


def test_a_place_says_nothing_of_the_machine(tmp_path: Path) -> None:
    found = place_of(_checkout(tmp_path / "secret-project", "https://example.org/team/shop"))

    assert "secret" not in str(found)
    assert "shop" not in str(found)
