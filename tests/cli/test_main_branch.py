"""The branch that images are published from, from repositories that git itself made."""

import subprocess
from pathlib import Path

import pytest

from lamina.cli.main_branch import main_branch
from tests.support.git import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "one"
    subprocess.run(["git", "init", "-q", "-b", "trunk", folder], check=True)
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    return folder


def test_what_a_clone_knows_of_its_remote_counts_most(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "two"
    subprocess.run(["git", "clone", "-q", repository, clone], check=True)
    git(clone, "switch", "-q", "-c", "main")

    found = main_branch(clone / ".git")

    assert (found.value, found.why) == ("trunk", ".git/refs/remotes/origin/HEAD says so")


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_branch_of_an_hour_is_not_the_main_one(repository: Path, *, is_packed: bool) -> None:
    git(repository, "branch", "master")
    git(repository, "switch", "-q", "-c", "fix")
    if is_packed:
        git(repository, "pack-refs", "--all")

    assert main_branch(repository / ".git").value == "master"


def test_without_a_usual_name_it_is_what_is_checked_out(repository: Path) -> None:
    found = main_branch(repository / ".git")

    assert (found.value, found.why) == ("trunk", "it is checked out")


def test_a_worktree_has_the_branches_of_its_repository(repository: Path, tmp_path: Path) -> None:
    git(repository, "branch", "main")
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "fix")

    assert main_branch(tmp_path / "tree/.git").value == "main"


def test_without_git_it_is_main(tmp_path: Path) -> None:
    assert main_branch(tmp_path / ".git").value == "main"
