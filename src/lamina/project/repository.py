"""A repository: where the project's version control is, and a copy that shares its history.

Backends that take a version from tags run git.  The copy has an index of its own, so that git
writes nothing to the user's.
"""

import json
import shutil
from pathlib import Path
from typing import Final

VERSION_CONTROL: Final = (".git", ".hg")
_HISTORY: Final = ("HEAD", "logs/HEAD", "packed-refs", "refs/tags")
"""What changes in a repository of git when a commit or a tag is made."""


def repository_of(folder: Path) -> Path | None:
    """Find the folder of the repository that ``folder`` belongs to."""
    folders = (folder, *folder.parents)
    return next((one for one in folders if any((one / m).exists() for m in VERSION_CONTROL)), None)


def history_facts(folder: Path) -> str:
    """Identify the state of git's history, by the times of the files that hold it."""
    top = repository_of(folder)
    if top is None or not (top / ".git").exists():
        return ""
    own = _git_folder(top / ".git")
    paths = [place / name for place in (own, _common_folder(own)) for name in _HISTORY]
    return " ".join(str(path.stat().st_mtime_ns) for path in paths if path.exists())


def copy_repository(top: Path, place: Path) -> None:
    """Give ``place`` the history of the repository ``top``, if it is one."""
    if (top / ".hg").is_dir():
        (place / ".hg").symlink_to(top / ".hg")
    if not (top / ".git").exists():
        return
    own, new = _git_folder(top / ".git"), place / ".git"
    new.mkdir()
    for path in own.iterdir():
        if path.is_dir():
            (new / path.name).symlink_to(path.resolve())
        elif path.is_file() and path.suffix != ".lock":
            shutil.copy2(path, new / path.name)
    if (own / "commondir").is_file():
        (new / "commondir").write_text(f"{_common_folder(own)}\n", encoding="utf-8")
    if (new / "config").is_file():  # a submodule's says where its files are
        with (new / "config").open("a", encoding="utf-8") as file:
            file.write(f"\n[core]\n\tworktree = {json.dumps(str(place))}\n")


def _git_folder(path: Path) -> Path:
    """Return git's own folder, which a worktree or a submodule has elsewhere."""
    if path.is_dir():
        return path.resolve()
    text = path.read_text("utf-8", "surrogateescape").strip()
    return (path.parent / text.removeprefix("gitdir:").strip()).resolve()


def _common_folder(own: Path) -> Path:
    written = own / "commondir"
    return (own / written.read_text("utf-8").strip()).resolve() if written.is_file() else own
