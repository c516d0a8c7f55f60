"""A root with a C and C++ compiler for the image's Python, made of the base's own packages.

It is unpacked to a folder, once for each state of the archive, and never becomes part of an image.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from lamina.errors import StoreError, UsageError
from lamina.oci.descriptor import Descriptor
from lamina.plan.plan import BaseImage
from lamina.protocols import Base
from lamina.sdist.sandbox import Root
from lamina.steps import Step

Unpack = Callable[[Iterable[BinaryIO], Path], object]

# Build tools, without dpkg-dev and perl; the second line is Essential, and so in nobody's Depends.
_PACKAGES = (
    *("gcc", "g++", "libc6-dev", "make", "pkgconf"),
    *("bash", "coreutils", "dash", "diffutils", "findutils", "grep", "gzip", "hostname", "mawk"),
    *("sed", "tar"),
)
_IS_THERE = {errno.EEXIST, errno.ENOTEMPTY}  # whether it is depends on the file system
_MOUNT_POINTS = ("dev", "out", "proc", "requirements", "src", "tmp", "work")


class Blobs(Protocol):
    """Where the bytes of layers are."""

    def has(self, descriptor: Descriptor) -> bool:
        """Say whether a blob is there."""

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob for reading; the caller closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchains:
    """Prepares roots from ``base`` below ``folder``; ``unpack`` writes layers into a directory.

    ``has`` says whether a root is there, and notes that it is used.
    """

    base: Base
    blobs: Blobs
    folder: Path
    unpack: Unpack
    has: Callable[[Path], bool] = Path.is_dir

    def prepare(self, image: BaseImage, step: Step) -> Root:
        """Return the root for building what runs on ``image``, unpacked now or before.

        Raises ``UsageError`` if the image's base is not assembled from packages, and what
        ``base`` raises.
        """
        if not is_assembled(image):
            raise UsageError(
                f"an sdist has to be compiled, and the base {image.reference} brings no compiler",
                hint='use a base such as "debian:bookworm", or versions that have wheels',
            )
        packages = (*_PACKAGES, f"python{image.python}-dev")
        with step:
            found = self.base.resolve(
                image.reference, image.platform, packages, step.child("select")
            )
            root = self.folder / found.digest.hex
            if self.has(root):
                step.cached()
            else:
                layers = self.base.layers(found, step.child("fetch"))
                for layer in layers:
                    if not self.blobs.has(layer.descriptor):
                        self.base.bring(found, layer, step.child("fetch"))
                _unpack(root, [layer.descriptor for layer in layers], self.blobs, self.unpack)
        return Root(
            name=f"the toolchain of {image.reference}",
            python=found.interpreter,
            mounts={"/": root},
        )


def is_assembled(image: BaseImage) -> bool:
    """Say whether a base is made of packages, so that there are build tools that fit it."""
    return image.reference.startswith(("debian:", "ubuntu:"))


def _unpack(root: Path, layers: Iterable[Descriptor], blobs: Blobs, unpack: Unpack) -> None:
    """Unpack beside ``root`` and rename, so that a folder is whole or not there."""
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=root.parent))
        try:
            with ExitStack() as stack:
                unpack((stack.enter_context(blobs.open(d)) for d in layers), partial)
            for name in _MOUNT_POINTS:  # a read-only root cannot grow them later
                (partial / name).mkdir(exist_ok=True)
            os.rename(partial, root)  # noqa: PTH104 - must fail, not replace, if there is one
        except OSError as error:
            if error.errno not in _IS_THERE:
                raise
            # Another build was faster, with the same bytes.
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            "the toolchain could not be unpacked",
            where=str(root.parent),
            hint="free some space",
            why=str(error),
        ) from error
