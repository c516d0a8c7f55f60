"""The replaceable parts on one page; who implements them never knows who else does."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from lamina.lock.lock import LockedWheel
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage, BuildPlan
from lamina.steps import Step


class Content(Protocol):
    """Where the bytes behind a descriptor come from: a store, a layout, a registry."""

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open the blob for reading; the caller closes it.

        Raises ``ImageError`` when the blob is not there.
        """


class Downloader(Protocol):
    """Fetches files over HTTP."""

    def download(
        self,
        url: str,
        path: Path,
        *,
        expected: Digest | None = None,
        size: int | None = None,
        progress: Callable[[int], None] = ...,
    ) -> int:
        """Write the body of ``url`` to ``path``; return its length in bytes.

        Raises ``IntegrityError`` for other bytes than ``expected``, ``NetworkError`` for none.
        """

    def size(self, url: str) -> int:
        """Ask how many bytes the body of ``url`` has."""


class RangeReader(Protocol):
    """Reads parts of files over HTTP."""

    def read_range(self, url: str, start: int, stop: int) -> bytes:
        """Fetch the bytes of ``url`` from ``start`` to before ``stop``; nothing vouches for them.

        Raises ``RangesIgnoredError`` when the server sends whole files only.
        """

    def size(self, url: str) -> int:
        """Ask how many bytes the body of ``url`` has."""


class Source(Protocol):
    """Where wheels come from."""

    def fetch(self, wheel: LockedWheel, step: Step) -> Path:
        """Return a file that holds exactly ``wheel.digest``.

        Raises ``NetworkError`` or ``IntegrityError``.
        """


class Base(Protocol):
    """Where base images come from; several platforms may ask at the same time."""

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Find out what the reference stands for now: its digest, Python, C library, packages.

        Raises ``ImageError`` for a reference that is not there or cannot carry a Python image.
        """

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the layers of a resolved base, their contents in the store.

        Each is told as ``LayerBuilt``, for only the base knows whether it had to be made.  A layer
        that a registry is said to have may be known without its blob.
        """

    def marks(self, base: BaseImage) -> tuple[str, ...]:
        """Say what each layer of a resolved base is known by: its key, or its blob's digest."""

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:
        """Make or fetch the blob of a layer of :meth:`layers` that is not in the store."""


class Engine(Protocol):
    """Turns a plan into an image; several platforms may be built at the same time."""

    def build(self, plan: BuildPlan, step: Step) -> tuple[Image, Content]:
        """Build the image that ``plan`` describes, or raise and leave nothing half-made."""


class Destination(Protocol):
    """Where a finished image goes."""

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Write all of ``image`` or nothing, and return the descriptor of what was written."""
