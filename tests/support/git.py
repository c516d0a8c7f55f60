"""Real git repositories with a history of one's own making."""

import subprocess
from pathlib import Path

_WHO = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str | Path) -> str:
    """Run git in ``folder``, and return what it prints."""
    done = subprocess.run(
        ["git", *_WHO, "-C", folder, *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def repository(folder: Path) -> Path:
    """Make an empty repository with a branch ``main``."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "--initial-branch=main")
    return folder


def commit(folder: Path, name: str, text: str | bytes) -> None:
    """Commit a file with this text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    git(folder, "add", "--", name)
    git(folder, "commit", "-qm", f"change {name}")
