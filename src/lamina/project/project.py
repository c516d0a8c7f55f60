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
    ``is_versioned_by_tags`` says that the version comes from the tags of its repository.
    ``base_pins`` are those of ``lamina.lock.toml``, of the base and of others that it had before,
    and ``layers`` the names of distributions that share a layer, from the bottom up.
    ``variant`` is the one whose settings these are, empty for the base.  ``is_dev`` says that the
    image is for working on the project, whose sources are mounted into it.
    """

    directory: Path
    name: str
    version: str = ""
    requires_python: str = ""
    dependencies: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict, hash=False)
    requirements: Path | None = None
    is_distributable: bool = False
    is_versioned_by_tags: bool = False
    settings: Settings = field(default_factory=Settings)
    base_pins: tuple[BasePin, ...] = ()
    layers: tuple[tuple[str, ...], ...] = ()
    variant: str = ""
    is_dev: bool = False

    @property
    def image_name(self) -> str:
        """What builds are told apart by: the project's name, and that of its variant."""
        return f"{self.name}-{self.variant}" if self.variant else self.name
