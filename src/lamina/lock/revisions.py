"""Revisions: the earlier texts of a lock, as git remembers them."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LIMIT: Final = 50
_PATIENCE_S: Final = 20.0
_MOST_BYTES: Final = 64 << 20
# Nothing is fetched for a partial clone, no signature is checked, a name is no pattern, and what
# one clone is told of renames or replaced commits does not count, for others know nothing of it.
_GIT: Final = ("git", "--literal-pathspecs", "--no-replace-objects", "-c", "protocol.allow=never",
               "-c", "log.showSignature=false", "-c", "log.follow=false")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """The texts that a file had in the last commits that changed it, the newest first.

    ``note`` says, for people, why there are none, or fewer than there may be elsewhere.
    """

    texts: tuple[str, ...] = ()
    note: str = ""
    is_shallow: bool = False


def revisions(path: Path, environment: Mapping[str, str], *, limit: int = _LIMIT) -> Revisions:
    """Ask git for the last ``limit`` texts of a file on the branch that is checked out.

    What a merge brought counts as one change.  Never fails: without git, a repository, or the file
    in it, there are no texts.
    """
    if "\n" in path.name:  # names are given to git one a line
        return Revisions(note="the lock's name has two lines")
    git = _Git(path.parent, environment)
    shallow = git.ask("rev-parse", "--is-shallow-repository")
    if shallow is None:
        return Revisions(note="there is no git, or no repository that it reads")
    is_shallow = shallow.strip() == b"true"
    found = git.ask("log", "--first-parent", f"--max-count={limit}", "--format=%H", "--", path.name)
    if found is None:
        return Revisions(note="git does not tell the history", is_shallow=is_shallow)
    names = [f"{commit}:./{path.name}" for commit in found.decode("ascii", "replace").split()]
    texts = _texts(git, names)
    if is_shallow:
        return Revisions(texts=texts, note="the clone is shallow", is_shallow=True)
    return Revisions(texts=texts, note="" if texts else f"{path.name} is in no commit")


def text_at(path: Path, revision: str, environment: Mapping[str, str]) -> str | None:
    """Ask git for the text that a file had at a revision; None where it knows none."""
    if any(c.isspace() for c in f"{revision}{path.name}"):  # git is given a name a line
        return None
    found = _texts(_Git(path.parent, environment), [f"{revision}:./{path.name}"])
    return found[0] if found else None


class _Git:
    """The git program, asked in one folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}

    def ask(self, *words: str, input_: bytes = b"") -> bytes | None:
        """Return what git prints; None if it fails or takes too long."""
        try:
            done = subprocess.run(
                [*_GIT, "-C", str(self._folder), *words],
                check=False,
                capture_output=True,
                input=input_,
                env=self._environment,
                timeout=_PATIENCE_S,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None


def _texts(git: _Git, names: Sequence[str]) -> tuple[str, ...]:
    """Read objects, as many of the first as are small enough together."""
    wanted, left = [], _MOST_BYTES
    sizes = git.ask("cat-file", "--batch-check=%(objecttype) %(objectsize)", input_=_lines(names))
    for name, line in zip(names, (sizes or b"").split(b"\n"), strict=False):
        kind, _, size = line.partition(b" ")
        left -= int(size) if kind == b"blob" else 0
        if left < 0:
            break
        if kind == b"blob":  # else the commit deleted the file
            wanted.append(name)
    if not wanted:
        return ()
    output = git.ask("cat-file", "--batch=%(objectsize)", input_=_lines(wanted))
    return tuple(data.decode("utf-8-sig", "replace") for data in read_batch(output or b""))


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")


def read_batch(output: bytes) -> list[bytes]:
    r"""Read what ``git cat-file --batch=%(objectsize)`` prints.

    >>> read_batch(b"2\nab\n0\n\n")
    [b'ab', b'']
    """
    found, start = [], 0
    while start < len(output):
        end = output.index(b"\n", start)
        size = int(output[start:end])
        found.append(output[end + 1 : end + 1 + size])
        start = end + 1 + size + 1
    return found
