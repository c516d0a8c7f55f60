"""How often each file of a folder changes, as git remembers it."""

import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_COMMITS: Final = 500
_PATIENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """In how many of the last ``commits`` each path, from the folder on, was changed."""

    commits: int
    counts: Mapping[str, int]

    def rate(self, path: str) -> float:
        """Return the part of commits that change a path or something below it."""
        below = f"{path}/"
        found = max((n for p, n in self.counts.items() if p == path or p.startswith(below)),
                    default=0)  # fmt: skip
        return found / self.commits if self.commits else 0.0


def git_changes(folder: Path, environment: Mapping[str, str]) -> Changes:
    """Ask git for the last 500 commits that changed something in a folder; none without git."""
    words = [
        "git", "-C", str(folder), "log", f"--max-count={_COMMITS}", "--no-merges", "--no-renames",
        "--format=%x00%x01", "--name-only", "--relative", "-z", "--", ".",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            words,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Changes(commits=0, counts={})
    return read_log(done.stdout) if done.returncode == 0 else Changes(commits=0, counts={})


def read_log(output: bytes) -> Changes:
    """Read names that end with NUL, and between commits one that is the byte 1."""
    counts: Counter[str] = Counter()
    commits = 0
    for name in output.split(b"\0"):
        bare = name.strip(b"\n")
        if bare == b"\x01":
            commits += 1
        elif bare:
            counts[bare.decode("utf-8", "surrogateescape")] += 1
    return Changes(commits=commits, counts=counts)
