"""Which branch of a repository images are published from, from git's own files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lamina.project.detect.guess import Guess

_USUAL: Final = ("main", "master")
_REMOTE: Final = "refs/remotes/origin/HEAD"


def main_branch(git: Path) -> Guess[str]:
    """Say what ``git``, a folder or a worktree's file, calls its main branch.

    A remote's default counts most; what is checked out may be a branch of an hour.
    """
    folder = _common(git)
    if branch := _pointed(folder / _REMOTE, "refs/remotes/origin/"):
        return Guess(value=branch, why=f".git/{_REMOTE} says so")
    known = set(_branches(folder))
    for name in _USUAL:
        if name in known:
            return Guess(value=name, why="the repository has this branch")
    if branch := _pointed(folder / "HEAD", "refs/heads/"):
        return Guess(value=branch, why="it is checked out")
    return Guess(value=_USUAL[0], why="nothing says another")


def _common(git: Path) -> Path:
    """Follow a worktree's file to the folder that all worktrees share."""
    pointer = _text(git)
    if not pointer.startswith("gitdir:"):
        return git
    folder = git.parent / pointer.removeprefix("gitdir:").strip()
    return folder / (_text(folder / "commondir").strip() or ".")


def _branches(folder: Path) -> Iterator[str]:
    for name in _USUAL:
        if (folder / "refs/heads" / name).is_file():
            yield name
    for line in _text(folder / "packed-refs").splitlines():
        yield line.rpartition(" refs/heads/")[2]


def _pointed(path: Path, prefix: str) -> str:
    """Return the branch that a symbolic reference names."""
    target = _text(path).strip().removeprefix("ref:").strip()
    branch = target.removeprefix(prefix)
    return branch if target.startswith(prefix) and branch.isprintable() else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
