"""What makes a project's dev image another one: the group ``dev``, and a lock that has it."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.project.locks import TOOLS, variant_lock
from lamina.project.settings import Settings

DEV: Final = "dev"
"""The dependency group of whoever works on the project, and the word in its lock's name."""


def with_dev(settings: Settings, groups: Collection[str]) -> Settings:
    """Add the group ``dev`` to those that are installed, where the project has one."""
    if DEV not in groups or DEV in settings.groups:
        return settings
    return replace(settings, groups=(*settings.groups, DEV))


def find_dev_lock(lock: Path | None) -> Path | None:
    """Find what pins the group ``dev`` where ``lock`` pins the image; None where nothing does.

    pylock files and the locks of tools hold groups themselves; a requirements file has one beside
    it, which ``lamina lock`` writes for ``[tool.lamina.variants.dev]``.
    """
    if lock is None or lock.suffix == ".in":
        return None
    if lock.suffix == ".toml" or lock.name in TOOLS:
        return lock
    beside = variant_lock(lock, DEV)
    return beside if beside.is_file() else None
