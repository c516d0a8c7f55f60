"""The same project for everyone, and the two edits that people make: a line, and a dependency."""

import re
import shutil
import sys
from pathlib import Path

from tests.support.process import run
from tests.support.tools import EXAMPLE

UV = Path(sys.executable).parent / "uv"
BUMPED, TO = "tqdm", "4.67.1"
"""A small dependency of another dependency, to a version that all of the others allow."""


def fresh_copy(folder: Path) -> Path:
    """Copy the example, without caches, to ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns(".*_cache", "__pycache__", ".venv", "*.egg-info")
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    return folder


def edit_source(project: Path, text: str) -> None:
    """Add a line to one module."""
    with (project / "src/aml_agent/errors.py").open("a", encoding="utf-8") as file:
        file.write(f"\n# {text}\n")


def bump_dependency(project: Path, folder: Path) -> None:
    """Pin another version of one dependency, with its hashes."""
    wanted = folder / "one.in"
    wanted.write_text(f"{BUMPED}=={TO}\n")
    pinned = run(
        UV, "pip", "compile", "--quiet", "--no-deps", "--generate-hashes", "--no-header",
        "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
        "--python-version", "3.11", wanted,
    )  # fmt: skip
    path = project / "requirements.txt"
    text, count = re.subn(
        rf"^{BUMPED}==.*?(?=^\S)",
        lambda _: pinned,
        path.read_text(),
        flags=re.MULTILINE | re.DOTALL,
    )
    if count != 1 or f"{BUMPED}=={TO}" not in text:
        raise RuntimeError(f"{BUMPED} is not pinned once in {path}")
    path.write_text(text)
