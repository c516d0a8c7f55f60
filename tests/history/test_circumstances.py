"""The commit, branch and CI system of a build, without starting git."""

import subprocess
from pathlib import Path

import pytest

from lamina.history.circumstances import CI_VARIABLES, circumstances

GIT = (
    "git",
    "-c",
    "user.name=x",
    "-c",
    "user.email=x@example.org",
    "-c",
    "init.defaultBranch=main",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "a").write_text("a")
    git(folder, "add", "a")
    git(folder, "commit", "--quiet", "--message", "a")
    return folder


def git(folder: Path, *words: str) -> str:
    done = subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_checkout_says_its_commit_and_branch(checkout: Path) -> None:
    revision = git(checkout, "rev-parse", "HEAD")
    (checkout / "deep" / "down").mkdir(parents=True)

    found = circumstances({}, checkout / "deep" / "down")

    assert found == {"ci": "", "revision": revision, "branch": "main"}


def test_a_packed_branch_with_slashes_is_found(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "-b", "team/feature")
    git(checkout, "pack-refs", "--all")

    found = circumstances({}, checkout)

    assert found["branch"] == "team/feature"
    assert found["revision"] == git(checkout, "rev-parse", "HEAD")


def test_a_detached_head_has_a_commit_and_no_branch(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "--detach")

    found = circumstances({}, checkout)

    assert found == {"ci": "", "revision": git(checkout, "rev-parse", "HEAD"), "branch": ""}


def test_a_worktree_says_its_own_branch(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))

    found = circumstances({}, tmp_path / "tree")

    assert found["branch"] == "other"
    assert found["revision"] == git(tmp_path / "tree", "rev-parse", "HEAD")


def test_a_branch_without_a_commit_has_no_revision(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert circumstances({}, tmp_path) == {"ci": "", "revision": "", "branch": "main"}


@pytest.mark.parametrize(
    "head", ["", "ref: ../../../etc/passwd", "ref: /etc/passwd", "once upon a time", "\udcff"]
)
def test_a_head_that_makes_no_sense_is_passed_over(tmp_path: Path, head: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(head.encode(errors="surrogateescape"))

    assert circumstances({}, tmp_path)["revision"] == ""


@pytest.mark.parametrize("row", CI_VARIABLES, ids=[row[0] for row in CI_VARIABLES])
def test_a_ci_system_says_its_own_commit_and_branch(
    checkout: Path, row: tuple[str, str, tuple[str, ...], tuple[str, ...]]
) -> None:
    name, mark, revisions, branches = row
    said = {mark: "true", "CI": "true", **dict.fromkeys(revisions, "c0ffee")}
    said.update(dict.fromkeys(branches[-1:], "main-of-ci"))

    found = circumstances(said, checkout)

    assert found["ci"] == name
    assert found["revision"] == ("c0ffee" if revisions else git(checkout, "rev-parse", "HEAD"))
    assert found["branch"] == ("main-of-ci" if branches else "main")


def test_a_pull_request_counts_as_its_own_branch() -> None:
    said = {
        "GITHUB_ACTIONS": "true", "GITHUB_SHA": "c0ffee", "GITHUB_HEAD_REF": "fix",
        "GITHUB_REF_NAME": "17/merge",
    }  # fmt: skip

    assert circumstances(said, Path("/"))["branch"] == "fix"
