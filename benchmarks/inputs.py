"""The same project for everyone, and the two edits that people make: a line, and a dependency."""

import shutil
from pathlib import Path

from tests.support.tools import EXAMPLE
from tests.support.workload import bump

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
    bump(project, BUMPED, TO, folder=folder)
