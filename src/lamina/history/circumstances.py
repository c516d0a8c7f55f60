"""Circumstances: on which commit, and by which CI system, a build was asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_HEX: Final = frozenset("0123456789abcdef")
_LONGEST: Final = 200

CI_VARIABLES: Final[tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("github", "GITHUB_ACTIONS", ("GITHUB_SHA",), ("GITHUB_HEAD_REF", "GITHUB_REF_NAME")),
    ("gitlab", "GITLAB_CI", ("CI_COMMIT_SHA",), ("CI_COMMIT_REF_NAME",)),
    ("jenkins", "JENKINS_URL", ("GIT_COMMIT",), ("BRANCH_NAME", "GIT_BRANCH")),
    ("circleci", "CIRCLECI", ("CIRCLE_SHA1",), ("CIRCLE_BRANCH",)),
    ("azure", "TF_BUILD", ("BUILD_SOURCEVERSION",), ("BUILD_SOURCEBRANCHNAME",)),
    ("bitbucket", "BITBUCKET_BUILD_NUMBER", ("BITBUCKET_COMMIT",), ("BITBUCKET_BRANCH",)),
    ("buildkite", "BUILDKITE", ("BUILDKITE_COMMIT",), ("BUILDKITE_BRANCH",)),
    ("travis", "TRAVIS", ("TRAVIS_COMMIT",), ("TRAVIS_BRANCH",)),
    ("drone", "DRONE", ("DRONE_COMMIT_SHA",), ("DRONE_BRANCH",)),
    ("other", "CI", (), ()),
)
"""A system, the variable that is set by it, and its variables for the commit and the branch."""


def circumstances(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return ``ci``, ``revision`` and ``branch``, from the variables, else from git's own files.

    What nobody says is empty.  git is not started: that would take longer than a build.
    """
    found = {"ci": "", "revision": "", "branch": ""}
    for name, mark, revisions, branches in CI_VARIABLES:
        if environment.get(mark):
            found = {
                "ci": name,
                "revision": _first(environment, revisions),
                "branch": _first(environment, branches),
            }
            break
    if not found["revision"]:
        found.update(_of_git(directory))
    return found


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")[:_LONGEST]


def _of_git(directory: Path) -> dict[str, str]:
    """Read HEAD of the checkout that ``directory`` is in."""
    for folder in (directory.absolute(), *directory.absolute().parents):
        git = folder / ".git"
        if git.is_dir():
            return _head(git, git)
        if git.is_file():  # a worktree or a submodule
            linked = folder / _text(git).removeprefix("gitdir:").strip()
            return _head(linked, linked / (_text(linked / "commondir").strip() or "."))
    return {}


def _head(git: Path, common: Path) -> dict[str, str]:
    head = _text(git / "HEAD").strip()
    if not head.startswith("ref:"):
        return {"revision": _revision(head)}
    ref = head.removeprefix("ref:").strip()
    if ".." in ref or ref.startswith("/"):
        return {}
    revision = _revision(_text(common / ref)) or _packed(_text(common / "packed-refs"), ref)
    branch = ref.removeprefix("refs/heads/")[:_LONGEST]
    return {"branch": branch, **({"revision": revision} if revision else {})}


def _packed(text: str, ref: str) -> str:
    rows = (line.split(" ", 1) for line in text.splitlines() if line.endswith(f" {ref}"))
    return next((_revision(row[0]) for row in rows), "")


def _revision(text: str) -> str:
    text = text.strip()
    return text if len(text) in {40, 64} and set(text) <= _HEX else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
