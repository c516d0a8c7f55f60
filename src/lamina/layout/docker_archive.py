"""Read what ``docker save`` writes: an image by its manifest.json, whatever the tar looks like.

Docker's own layers are plain tars in folders that say nothing of their digests; later engines,
podman and Lamina write blobs by digest, compressed or not.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from lamina.errors import ImageError
from lamina.layout.archive_file import ArchiveFile
from lamina.layout.read import qualified
from lamina.oci import media_type
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.members import texts
from lamina.oci.parse import parse_image

_MANIFEST = "manifest.json"
_BLOB = "blobs/sha256/"
_TYPES = {b"\x1f\x8b": media_type.LAYER_GZIP, b"\x28\xb5": media_type.LAYER_ZSTD}
_HEX = 64


class DockerArchiveBlobs:
    """The layers of one image of an archive, as a ``Content``; ``config`` is as it stands there."""

    def __init__(
        self, archive: ArchiveFile, names: Mapping[Digest, str], *, config: bytes = b""
    ) -> None:
        self.config = config
        self._archive = archive
        self._names = names

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a layer; raise ``ImageError`` where it is not one of the image's."""
        name = self._names.get(descriptor.digest)
        if name is None:
            raise ImageError(
                f"there is no blob {descriptor.digest} in the archive", where=self._archive.where
            )
        return self._archive.open(name)


def find_in_archive(archive: ArchiveFile, name: str) -> tuple[Image, DockerArchiveBlobs]:
    """Find the image called ``name``, or the only one.

    The digest of a layer that is not compressed is its diff_id, whose bytes nobody has looked at
    yet.  Raises ``ImageError`` saying which names there are instead, and for a malformed archive.
    """
    row = _choose(_rows(archive), name, archive.where)
    if not isinstance(row.get("Config"), str):
        raise ImageError("manifest.json names no config", where=archive.where)
    config = archive.read(row["Config"])
    paths = texts(row, "Layers")
    image = parse_image(_manifest(config, paths), config, where=f"{archive.where}, {row['Config']}")
    layers = tuple(
        replace(layer, descriptor=_describe(archive, path, layer.diff_id))
        for layer, path in zip(image.layers, paths, strict=True)
    )
    names = {layer.descriptor.digest: path for layer, path in zip(layers, paths, strict=True)}
    return replace(image, layers=layers), DockerArchiveBlobs(archive, names, config=config)


def _rows(archive: ArchiveFile) -> list[dict[str, Any]]:
    if _MANIFEST not in archive:
        raise ImageError(
            "this is no archive of `docker save`",
            where=archive.where,
            why="there is no manifest.json in it",
            hint="an archive with an OCI layout is read as oci-archive:FILE",
        )
    try:
        rows = json.loads(archive.read(_MANIFEST))
    except (ValueError, RecursionError) as error:
        raise ImageError("manifest.json is not valid JSON", where=archive.where) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ImageError("manifest.json is not a list of images", where=archive.where)
    return rows


def _choose(rows: list[dict[str, Any]], name: str, where: str) -> dict[str, Any]:
    def is_called(row: dict[str, Any]) -> bool:
        return qualified(name) in map(qualified, texts(row, "RepoTags"))

    wanted = [row for row in rows if not name or is_called(row)]
    if len(wanted) != 1:
        there = ", ".join(sorted({tag for row in rows for tag in texts(row, "RepoTags")}))
        raise ImageError(
            f"there is no single image {name or '(unnamed)'} in the archive",
            where=where,
            hint=f"there are: {there or 'images without names'}",
        )
    return wanted[0]


def _manifest(config: bytes, paths: tuple[str, ...]) -> bytes:
    """Write a manifest that says as much as is known before the config is read."""
    unknown = Descriptor(media_type=media_type.LAYER_TAR, digest=Digest.of(b""), size=0)
    described = Descriptor(media_type=media_type.CONFIG, digest=Digest.of(config), size=len(config))
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": media_type.MANIFEST,
            "config": described.to_json(),
            "layers": [unknown.to_json() for _ in paths],
        }
    )


def _describe(archive: ArchiveFile, path: str, diff_id: Digest) -> Descriptor:
    with archive.open(path) as stream:
        kind = _TYPES.get(stream.read(2), media_type.LAYER_TAR)
    digest = diff_id if kind == media_type.LAYER_TAR else _digest(archive, path)
    return Descriptor(media_type=kind, digest=digest, size=archive.size(path))


def _digest(archive: ArchiveFile, path: str) -> Digest:
    """Take the digest that a blob is filed under, or compute it."""
    name = path.removeprefix(_BLOB)
    if path.startswith(_BLOB) and len(name) == _HEX:
        return Digest.parse(f"sha256:{name}")
    hasher = hashlib.sha256()
    with archive.open(path) as stream:
        while data := stream.read(1 << 20):
            hasher.update(data)
    return Digest(hasher.hexdigest())
