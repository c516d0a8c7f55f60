"""Read an OCI image layout: which images it holds, and their blobs."""

import os
from pathlib import Path
from typing import BinaryIO

from lamina.errors import ImageError, IntegrityError, UsageError
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.parse import parse_image, parse_index, parse_manifest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.protocols import Content

_REF_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"
_DEEPEST = 8


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
    rows = read_index_json(directory)
    wanted = [row for row in rows if not name or {name, qualified(name)} & {*_names(row)}]
    if len({row.digest for row in wanted if _fits(row, platform)}) != 1:
        there = (
            ", ".join(sorted({n for row in rows for n in _names(row)})) or "images without names"
        )
        raise ImageError(
            f"there is no single image {name or '(unnamed)'} for {platform}",
            where=str(directory),
            hint=f"name one as oci:DIRECTORY:NAME; there are: {there}",
        )
    row = next(row for row in wanted if _fits(row, platform))
    return load_image(Layout(directory), row, platform)


def load_image(
    content: Content, descriptor: Descriptor, platform: Platform, *, depth: int = 0
) -> Image:
    """Read the image for ``platform`` that ``descriptor`` leads to, through indexes if need be."""
    if depth > _DEEPEST:
        raise ImageError(f"indexes are nested more than {_DEEPEST} deep")
    data = read_blob(content, descriptor)
    where = str(descriptor.digest)
    if descriptor.media_type in media_type.INDEXES:
        rows = [row for row in parse_index(data, where=where) if _fits(row, platform)]
        if not rows:
            raise ImageError(f"no image for {platform} in the index", where=where)
        return load_image(content, rows[0], platform, depth=depth + 1)
    config, _ = parse_manifest(data, where=where)
    return parse_image(data, read_blob(content, config), where=where)


def read_blob(content: Content, descriptor: Descriptor) -> bytes:
    """Read a small blob whole and check its digest; raise ``IntegrityError`` when it is wrong."""
    with content.open(descriptor) as file:
        data = file.read(descriptor.size + 1)
    if Digest.of(data) != descriptor.digest:
        raise IntegrityError("a blob does not have its digest", where=str(descriptor.digest))
    return data


def qualified(name: str) -> str:
    """Write an image's name in full, as containerd does; a layout may also hold other words."""
    try:
        return Reference.parse(name).qualified
    except UsageError:
        return name


def _names(row: Descriptor) -> tuple[str, ...]:
    found = (row.annotations.get(_REF_NAME), row.annotations.get(_CONTAINERD_NAME))
    return tuple(name for name in found if name)


def _fits(row: Descriptor, platform: Platform) -> bool:
    if row.platform is None or not row.platform.architecture:
        return True
    same = (row.platform.os, row.platform.architecture) == (platform.os, platform.architecture)
    return same and (not platform.variant or row.platform.variant in {"", platform.variant})
