"""BuildPlan: everything that decides an image's bytes, as one printable value.

Equal plans make equal images: wheels are named by digest, the base by the digest of its selection
or manifest, project files by digest.
"""

from dataclasses import dataclass, field
from typing import Literal

from lamina.lock.lock import LockedWheel
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform

Bytecode = Literal["none", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPackage:
    """A Debian package by name, version and the digest of its .deb."""

    name: str
    version: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """What the image stands on, as its ``Base`` found it.

    ``digest`` identifies it: of the manifest, or of the selection of packages.  ``interpreter`` is
    the absolute path of its Python, ``environment`` what its config sets.  ``packages`` make up an
    assembled base; ``system_packages`` are what the project asked for on top, with dependencies.
    """

    reference: str
    platform: Platform
    digest: Digest
    python: str
    python_full: str
    interpreter: str
    glibc: tuple[int, int]
    environment: tuple[tuple[str, str], ...] = ()
    packages: tuple[SystemPackage, ...] = ()
    system_packages: tuple[SystemPackage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelLayer:
    """One layer of wheels; several small ones share a layer."""

    name: str
    wheels: tuple[LockedWheel, ...]
    lenient: tuple[str, ...] = ()
    """Names whose RECORD may hold wrong hashes."""

    @property
    def size(self) -> int:
        """Bytes of the wheels, within half a per cent the bytes of the layer."""
        return sum(wheel.size for wheel in self.wheels)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file of the project; ``source`` is where it is on this machine and not part of the key."""

    path: str
    digest: Digest
    size: int
    mode: int
    source: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayer:
    """One layer of project files at their paths in the image, and empty folders beside them."""

    name: str
    files: tuple[PlannedFile, ...] = ()
    directories: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """One platform's image, decided and not yet built; layers from the bottom up.

    ``created`` is in seconds since the epoch.
    """

    name: str
    base: BaseImage
    venv: str
    layers: tuple[WheelLayer | FileLayer, ...]
    runtime: RuntimeConfig
    bytecode: Bytecode = "none"
    created: int = 0

    @property
    def wheels(self) -> tuple[LockedWheel, ...]:
        """Every wheel of every layer."""
        layers = (layer for layer in self.layers if isinstance(layer, WheelLayer))
        return tuple(wheel for layer in layers for wheel in layer.wheels)
