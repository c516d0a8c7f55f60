"""What git remembers of a lock, from real repositories; never an error."""

import os
import subprocess
from pathlib import Path

import pytest

from lamina.lock import revisions as module
from lamina.lock.revisions import Revisions, revisions
from tests.support.git import commit, git, repository

_SIGNED = (
    "echo '[GNUPG:] SIG_CREATED D' >&2\n"
    "printf -- '-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n'\n"
)
"""What git wants to hear of a program that signs."""


def asked(path: Path, **options: int) -> Revisions:
    return revisions(path, os.environ, **options)


def test_the_newest_text_comes_first(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    for text in ("one", "two", "three"):
        commit(folder, "lock.txt", text)
        commit(folder, "other.txt", text)

    assert asked(folder / "lock.txt") == Revisions(texts=("three", "two", "one"))


def test_no_more_are_read_than_asked_for(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    for number in range(5):
        commit(folder, "lock.txt", f"{number}")

    assert asked(folder / "lock.txt", limit=2).texts == ("4", "3")


def test_a_project_may_be_a_folder_of_the_repository(tmp_path: Path) -> None:
    folder = repository(tmp_path / "many")
    commit(folder, "services/web/lock.txt", "web")
    commit(folder, "services/api/lock.txt", "api")

    assert asked(folder / "services" / "api" / "lock.txt").texts == ("api",)


def test_what_a_merge_brought_is_one_change(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    commit(folder, "lock.txt", "one")
    git(folder, "checkout", "-qb", "bumps")
    commit(folder, "lock.txt", "two")
    commit(folder, "lock.txt", "three")
    git(folder, "checkout", "-q", "main")
    commit(folder, "other.txt", "x")
    git(folder, "merge", "-q", "--no-ff", "-m", "bumps", "bumps")

    assert asked(folder / "lock.txt").texts == ("three", "one")


def test_a_lock_that_was_deleted_meanwhile_is_no_text(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    commit(folder, "lock.txt", "one")
    git(folder, "rm", "-q", "lock.txt")
    git(folder, "commit", "-qm", "none")
    commit(folder, "lock.txt", "two")

    assert asked(folder / "lock.txt").texts == ("two", "one")


@pytest.mark.parametrize("name", ["*.txt", "ä b.txt", "-lock.txt", ":(top)lock.txt", "'q'.txt"])
def test_a_name_is_a_name_and_no_pattern(tmp_path: Path, name: str) -> None:
    folder = repository(tmp_path / "project")
    commit(folder, "lock.txt", "other")
    commit(folder, f"./{name}", "this")

    assert asked(folder / name).texts == ("this",)


def test_a_name_of_two_lines_has_no_history(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    commit(folder, "two\nlines.txt", "x")

    assert asked(folder / "two\nlines.txt") == Revisions(note="the lock's name has two lines")


def test_a_shallow_clone_says_so(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    for text in ("one", "two", "three"):
        commit(folder, "lock.txt", text)
    git(tmp_path, "clone", "-q", "--depth=1", folder.as_uri(), "clone")

    found = asked(tmp_path / "clone" / "lock.txt")

    assert found == Revisions(texts=("three",), note="the clone is shallow", is_shallow=True)


def test_a_partial_clone_fetches_nothing(tmp_path: Path) -> None:
    """Asking for a history may not become a download."""
    folder = repository(tmp_path / "project")
    for text in ("one", "two", "three"):
        commit(folder, "lock.txt", text)
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", folder.as_uri(), "clone")
    before = git(tmp_path / "clone", "count-objects", "-v")

    found = asked(tmp_path / "clone" / "lock.txt")

    assert set(found.texts) <= {"three"}
    assert git(tmp_path / "clone", "count-objects", "-v") == before


def test_without_a_repository_or_without_git_there_is_no_history(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    commit(folder, "lock.txt", "one")
    (tmp_path / "plain").mkdir()

    without = revisions(folder / "lock.txt", {"PATH": "/nowhere"})
    outside = asked(tmp_path / "plain" / "lock.txt")
    nowhere = asked(tmp_path / "missing" / "lock.txt")

    assert without == outside == nowhere
    assert without.note == "there is no git, or no repository that it reads"


def test_a_repository_without_commits_or_without_the_lock_has_no_history(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    empty = asked(folder / "lock.txt")
    commit(folder, "other.txt", "x")

    assert empty == Revisions(note="git does not tell the history")
    assert asked(folder / "lock.txt") == Revisions(note="lock.txt is in no commit")


def test_a_git_that_takes_too_long_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(module, "_PATIENCE_S", 0.2)

    found = revisions(tmp_path / "lock.txt", {"PATH": f"{slow.parent}:{os.environ['PATH']}"})

    assert found.texts == ()


@pytest.mark.parametrize("told", [("config", "log.follow", "true"), ("replace", "HEAD", "HEAD~1")])
def test_what_one_clone_is_told_changes_no_history(tmp_path: Path, told: tuple[str, ...]) -> None:
    folder = repository(tmp_path / "project")
    commit(folder, "lock.txt", "first")
    git(folder, "rm", "-q", "lock.txt")
    git(folder, "commit", "-qm", "remove")
    commit(folder, "old.txt", "second")
    git(folder, "mv", "old.txt", "lock.txt")
    git(folder, "commit", "-qm", "rename")
    commit(folder, "lock.txt", "third")

    git(folder, *told)

    assert asked(folder / "lock.txt").texts == ("third", "second", "first")


def test_only_so_many_bytes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository(tmp_path / "project")
    for letter in "abc":
        commit(folder, "lock.txt", letter * 1000)
    monkeypatch.setattr(module, "_MOST_BYTES", 2500)

    assert asked(folder / "lock.txt").texts == ("c" * 1000, "b" * 1000)


def test_a_repository_cannot_make_git_run_programs(tmp_path: Path) -> None:
    """A project that somebody else wrote is only read."""
    folder = repository(tmp_path / "project")
    commit(folder, "lock.txt", "one")
    pen, trap = tmp_path / "pen", tmp_path / "trap"
    pen.write_text(f"#!/bin/sh\ncat > /dev/null\n{_SIGNED}")
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    for program in (pen, trap):
        program.chmod(0o755)
    signing = ("-c", f"gpg.program={pen}", "commit", "-qm", "signed", "--allow-empty", "--amend")
    git(folder, *signing, "--gpg-sign=me")
    for key in ("gpg.program", "core.fsmonitor", "core.pager", "diff.external"):
        git(folder, "config", key, str(trap))
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "diff.x.textconv", str(trap))
    (folder / ".gitattributes").write_text("* diff=x\n")

    found = asked(folder / "lock.txt")

    assert found.texts == ("one",)
    assert not (tmp_path / "sprung").exists()


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    folder = repository(tmp_path / "project")
    commit(folder, "lock.txt", b"\xff\x00\n\n")
    commit(folder, "lock.txt", b"")

    assert asked(folder / "lock.txt").texts == ("", "\ufffd\x00\n\n")


def test_a_repository_of_sha256_is_read_as_well(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    try:
        git(folder, "init", "-q", "--object-format=sha256")
    except subprocess.CalledProcessError:
        pytest.skip("this git knows SHA-1 alone")
    commit(folder, "lock.txt", "one")

    assert asked(folder / "lock.txt").texts == ("one",)
