"""Read an OCI image layout: which images it holds, and their blobs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from lamina.errors import ImageError, IntegrityError, UsageError
from lamina.image.load import fits, load_image
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.oci.parse import parse_index
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference

_REF_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"


class Layout:
    """The blobs of a layout directory, as a ``Content``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob; raise ``ImageError`` when it is missing or has the wrong size."""
        path = self.directory / "blobs" / "sha256" / descriptor.digest.hex
        try:
            file = path.open("rb")
        except OSError as error:
            raise ImageError(
                f"the blob {descriptor.digest} cannot be read: {error.strerror}",
                where=str(self.directory),
            ) from error
        if os.fstat(file.fileno()).st_size != descriptor.size:
            file.close()
            raise IntegrityError(
                f"the blob {descriptor.digest} has the wrong size", where=str(self.directory)
            )
        return file


def read_index_json(directory: Path) -> tuple[Descriptor, ...]:
    """Read a layout's index.json; raise ``ImageError`` when there is none or it is malformed."""
    path = directory / "index.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(
            f"not an OCI layout: {error.strerror}",
            where=str(path),
            hint="name a folder that holds one",
        ) from error
    return parse_index(data, where=str(path))


def find_image(directory: Path, name: str, platform: Platform) -> Image:
    """Find the image called ``name`` (or the only one) for ``platform`` in a layout.

    Raises ``ImageError`` saying which names or platforms there are instead.
    """
    row = _find_row(directory, name, platform)
    return load_image(Layout(directory), row, platform)


def find_descriptor(directory: Path, name: str) -> Descriptor:
    """Find what is called ``name`` (or the only thing) in a layout, an image or an index.

    Raises ``ImageError`` saying which names there are instead.
    """
    return _find_row(directory, name, None)


def _find_row(directory: Path, name: str, platform: Platform | None) -> Descriptor:
    rows = read_index_json(directory)
    wanted = {
        row.digest: row
        for row in rows_called(rows, name)
        if platform is None or fits(row, platform)
    }
    if len(wanted) == 1:
        return next(iter(wanted.values()))
    there = ", ".join(sorted({n for row in rows for n in names_of(row)})) or "images without names"
    raise ImageError(
        f"there is no single image {name or '(unnamed)'}"
        + (f" for {platform}" if platform else ""),
        where=str(directory),
        hint=f"name one as oci:DIRECTORY:NAME; there are: {there}",
    )


def rows_called(rows: Sequence[Descriptor], name: str) -> tuple[Descriptor, ...]:
    """Return the rows of an index.json that are called ``name``, all of them for no name."""
    return tuple(row for row in rows if not name or {name, qualified(name)} & {*names_of(row)})


def qualified(name: str) -> str:
    """Write an image's name in full, as containerd does; a layout may also hold other words."""
    try:
        return Reference.parse(name).qualified
    except UsageError:
        return name


def names_of(row: Descriptor) -> tuple[str, ...]:
    """List what a row of an index.json is called."""
    found = (row.annotations.get(_REF_NAME), row.annotations.get(_CONTAINERD_NAME))
    return tuple(name for name in found if name)
