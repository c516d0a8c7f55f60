"""BuildPlan: everything that decides an image's bytes, as one printable value.

Equal plans make equal images: wheels are named by digest, the base by the digest of its selection
or config, project files by digest.  Only the compressor is not in it, for it is this machine's and
not a decision; who remembers images by their plan adds its name (see ``layer.compress``).
"""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from lamina.lock.lock import LockedWheel
from lamina.lock.target import Target
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.project.diet_settings import Diet

NONROOT_HOME: Final = "/home/nonroot"

Bytecode = Literal["none", "imported", "all"]


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

    ``digest`` identifies it: of the config, or of the selection of packages and the rules for
    them.  ``interpreter`` is the absolute path of its Python, ``environment`` what its config sets.
    ``packages`` make up an assembled base; ``system_packages`` are what the project asked for on
    top, with dependencies.  ``stdlib_bytecode`` says whether their modules are compiled, for which
    this machine needs a Python of the same minor version.  ``found_layers`` are the sizes of the
    layers of a base that is not assembled.  ``left_out`` are modules of the standard library that
    the image does without.  ``musl`` is the version of the C library where that is not glibc, whose
    version is then (0, 0).
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
    stdlib_bytecode: bool = False
    found_layers: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    musl: tuple[int, int] | None = None

    @property
    def target(self) -> Target:
        """What wheels are chosen for."""
        return Target(
            platform=self.platform,
            python=self.python,
            python_full=self.python_full,
            glibc=self.glibc,
            musl=self.musl,
        )

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Bytes of each layer that the base will have; of its packages, where it is assembled."""
        assembled = [parts for parts in (self.packages, self.system_packages) if parts]
        return (*self.found_layers, *(sum(part.size for part in parts) for parts in assembled))


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelLayer:
    """One layer of wheels; several small ones share a layer."""

    name: str
    wheels: tuple[LockedWheel, ...]
    lenient: tuple[str, ...] = ()
    """Names whose RECORD may hold wrong hashes."""
    is_own: bool = False
    """Whether this is the project itself, and not what it depends on."""
    diet: Diet | None = None
    """What of the wheels' files stays out; None where all goes in."""
    loaded: tuple[str, ...] = ()
    """The modules that get bytecode where only imported ones do."""

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

    Below ``layers`` come those of the base, and one that holds the empty environment ``venv``, the
    working directory and ``home``.  ``created`` is in seconds since the epoch.
    """

    name: str
    base: BaseImage
    venv: str
    layers: tuple[WheelLayer | FileLayer, ...]
    runtime: RuntimeConfig
    bytecode: Bytecode = "none"
    created: int = 0

    @property
    def home(self) -> str:
        """The home of the image's user, where there is none: an assembled base brings its own."""
        is_ours = ("HOME", NONROOT_HOME) in self.runtime.environment
        return NONROOT_HOME if is_ours and not self.base.packages else ""

    @property
    def layer_count(self) -> int:
        """How many layers the image will have, the base's and the environment's included."""
        return len(self.base.layer_sizes) + 1 + len(self.layers)

    @property
    def diet(self) -> Diet:
        """What the image does without, of its dependencies and of its base."""
        diets = (layer.diet for layer in self.layers if isinstance(layer, WheelLayer))
        found = next((diet for diet in diets if diet is not None), Diet())
        return replace(found, stdlib=self.base.left_out)

    @property
    def wheels(self) -> tuple[LockedWheel, ...]:
        """Every wheel of every layer."""
        layers = (layer for layer in self.layers if isinstance(layer, WheelLayer))
        return tuple(wheel for layer in layers for wheel in layer.wheels)
