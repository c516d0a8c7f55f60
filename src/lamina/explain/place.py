"""Place: which folder a build was of, told apart without saying where that is.

Paths alone do not tell: every project has a Dockerfile in a folder that is called `.` from there.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from lamina.history.logins import hide_logins

_DIGITS: Final = 16
_ORIGIN: Final = re.compile(r'^\[remote "origin"\]\s*\n((?:[ \t].*\n?|\n)*)', re.MULTILINE)
_URL: Final = re.compile(r"^[ \t]*url[ \t]*=[ \t]*(\S+)", re.MULTILINE)
_SCHEME: Final = re.compile(r"[a-z+]+://")
_USER: Final = re.compile(r"[^@/]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder on this machine, and in the repository that it is a checkout of, as digests.

    ``origin`` is equal on all machines of a team, and empty outside of git.
    """

    folder: str = ""
    origin: str = ""

    def is_that_of(self, other: "Place") -> bool:
        """Say whether both are one folder, or checkouts of one."""
        is_same = bool(self.folder) and self.folder == other.folder
        return is_same or (bool(self.origin) and self.origin == other.origin)


def place_of(folder: Path) -> Place:
    """Return the place of a folder; git is not started, its own files are read."""
    path = folder.resolve()
    return Place(folder=_short(str(path)), origin=_origin(path))


def _origin(folder: Path) -> str:
    for root in (folder, *folder.parents):
        git = root / ".git"
        if not git.exists():
            continue
        match = _ORIGIN.search(_text(_common(git) / "config"))
        url = _URL.search(match[1]) if match else None
        inside = folder.relative_to(root).as_posix()
        return _short(f"{_bare(url[1])} {inside}") if url else ""
    return ""


def _common(git: Path) -> Path:
    """Return the folder of the repository: that of a worktree or a submodule is elsewhere."""
    if git.is_dir():
        return git
    linked = git.parent / _text(git).removeprefix("gitdir:").strip()
    return linked / (_text(linked / "commondir").strip() or ".")


def _bare(url: str) -> str:
    """Write an address as all who clone it have it, over whichever protocol.

    >>> _bare("https://me:x@example.org/shop.git"), _bare("git@example.org:shop.git")
    ('example.org/shop', 'example.org/shop')
    """
    plain = _USER.sub("", _SCHEME.sub("", hide_logins(url)), count=1)
    return plain.replace(":", "/").rstrip("/").removesuffix(".git")


def _short(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
