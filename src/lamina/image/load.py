"""Load: from a descriptor to an image as a value, whoever has the bytes."""

from lamina.errors import ImageError, IntegrityError
from lamina.image.blobs import ImageTree
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.parse import parse_image, parse_index, parse_manifest
from lamina.oci.platform import Platform
from lamina.protocols import Content

_DEEPEST = 8


def load_image(
    content: Content, descriptor: Descriptor, platform: Platform, *, depth: int = 0
) -> Image:
    """Read the image for ``platform`` that ``descriptor`` leads to, through indexes if need be."""
    if depth > _DEEPEST:
        raise ImageError(f"indexes are nested more than {_DEEPEST} deep")
    data = read_blob(content, descriptor)
    where = str(descriptor.digest)
    if descriptor.media_type in media_type.INDEXES:
        rows = [row for row in parse_index(data, where=where) if fits(row, platform)]
        if not rows:
            raise ImageError(
                f"no image for {platform} in the index",
                where=where,
                hint=f"it has images for {_platforms(parse_index(data, where=where))}",
            )
        return load_image(content, rows[0], platform, depth=depth + 1)
    config, _ = parse_manifest(data, where=where)
    return parse_image(data, read_blob(content, config), where=where)


def load_tree(content: Content, descriptor: Descriptor) -> ImageTree:
    """Read the manifests below ``descriptor`` as they are, for whoever moves them elsewhere.

    Raises ``ImageError`` and ``IntegrityError``.
    """
    manifests: dict[Descriptor, bytes] = {}
    blobs: dict[Descriptor, None] = {}
    _collect(content, descriptor, manifests, blobs, depth=0)
    return ImageTree(root=descriptor, manifests=manifests, blobs=tuple(blobs), documents={})


def _collect(
    content: Content,
    descriptor: Descriptor,
    manifests: dict[Descriptor, bytes],
    blobs: dict[Descriptor, None],
    *,
    depth: int,
) -> None:
    if depth > _DEEPEST:
        raise ImageError(f"indexes are nested more than {_DEEPEST} deep")
    data = read_blob(content, descriptor)
    where = str(descriptor.digest)
    if descriptor.media_type in media_type.INDEXES:
        for row in parse_index(data, where=where):
            _collect(content, row, manifests, blobs, depth=depth + 1)
    else:
        # Attestations and other artifacts move along with the images they are about.
        config, layers = parse_manifest(data, where=where, any_layers=True)
        blobs.update(dict.fromkeys((*layers, config)))
    manifests[descriptor] = data


def _platforms(rows: tuple[Descriptor, ...]) -> str:
    """List what an index has; attestations name a platform that is none."""
    names = {str(row.platform) for row in rows if row.platform and row.platform.os != "unknown"}
    return ", ".join(sorted(names)) or "no platform that it names"


def read_blob(content: Content, descriptor: Descriptor) -> bytes:
    """Read a small blob whole and check its digest; raise ``IntegrityError`` when it is wrong."""
    with content.open(descriptor) as file:
        data = file.read(descriptor.size + 1)
    if Digest.of(data) != descriptor.digest:
        raise IntegrityError("a blob does not have its digest", where=str(descriptor.digest))
    return data


def fits(row: Descriptor, platform: Platform) -> bool:
    """Say whether an index's row is for ``platform``; one that does not say is for any."""
    if row.platform is None or not row.platform.architecture:
        return True
    same = (row.platform.os, row.platform.architecture) == (platform.os, platform.architecture)
    return same and (not platform.variant or row.platform.variant in {"", platform.variant})
