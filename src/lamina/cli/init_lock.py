"""What `lamina init` pins in a project that pins nothing, and how `lamina lock` is called there."""

import argparse
from pathlib import Path
from typing import Final

from lamina.cli import lock_command
from lamina.project.detect.detect import Detected
from lamina.project.detect.requirement_files import PLACES

_OPEN_LIST: Final = "requirements.txt"
_LOCK: Final = "requirements.lock"
"""What a requirements.txt without hashes is pinned to; it stays as it is."""

_NAMED: Final = frozenset({"setup.cfg", "setup.py", *PLACES})
"""What a lock is made from only where it is named."""

_FOREIGN: Final = frozenset({"Pipfile"})


def needs_lock(detected: Detected) -> bool:
    """Say whether nothing pins what the project depends on, and we may."""
    dependencies = detected.dependencies
    is_ours = dependencies.file.value not in _FOREIGN and not dependencies.is_poetry
    return bool(dependencies.file.value) and not dependencies.is_locked and is_ours


def lock_arguments(detected: Detected) -> str:
    """Return what follows `lamina lock` in this project, with a space before it."""
    return "".join(f" {word}" for word in _words(detected))


def lock_distributions(directory: Path, detected: Detected) -> str:
    """Pin; return the value of the setting ``requirements`` that this needs, if any."""
    words = _words(detected)
    parser = argparse.ArgumentParser()
    lock_command.add_arguments(parser)
    placed = [str(directory / word) if not word.startswith("-") else word for word in words]
    lock_command.run(parser.parse_args([str(directory), "--only", "distributions", *placed]))
    return _LOCK if _LOCK in words else ""


def _words(detected: Detected) -> list[str]:
    file = detected.dependencies.file.value
    if file == _OPEN_LIST and not detected.dependencies.is_locked:
        return ["--from", file, "-o", _LOCK]
    return ["--from", file] if file in _NAMED else []
