"""Project: what a folder says about itself, before anything is locked or built."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lamina.project.base_pin import BasePin
from lamina.project.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Python project on disk.

    ``dependencies`` are the requirement texts of ``[project]`` with the chosen extras and groups.
    ``scripts`` maps each console script to its object reference.  ``requirements`` is the file
    that pins or lists what to install, or None where pyproject.toml alone says it.
    ``base_pins`` are those of ``lamina.lock.toml``, of the base and of others that it had before.
    """

    directory: Path
    name: str
    version: str = ""
    requires_python: str = ""
    dependencies: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict, hash=False)
    requirements: Path | None = None
    is_distributable: bool = False
    settings: Settings = field(default_factory=Settings)
    base_pins: tuple[BasePin, ...] = ()
