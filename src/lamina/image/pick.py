"""Pick: which image is meant, where several rows and platforms are there."""

from collections.abc import Iterable, Iterator, Sequence

from lamina.errors import ImageError
from lamina.image.load import fits, load_image, read_blob
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.oci.parse import parse_index
from lamina.oci.platform import Platform
from lamina.protocols import Content

_DEEPEST = 8
_MOST = 10_000
_UNKNOWN = "unknown"  # of attestations, which stand beside images


def pick(
    content: Content,
    rows: Sequence[Descriptor],
    *,
    wanted: Platform | None,
    usual: Platform,
    where: str,
) -> tuple[Descriptor, Image]:
    """Find the one image that ``rows``, descriptors of manifests and indexes, lead to.

    Without a ``wanted`` platform it is the image for the ``usual`` one, or else the only image that
    there is.  Raises ``ImageError`` saying which platforms there are.
    """
    leaf = pick_manifest(content, rows, wanted=wanted, usual=usual, where=where)
    image = load_image(content, leaf, wanted or usual)
    if wanted is not None and image.platform.architecture:
        _check(leaf, image, wanted, where)
    return leaf, image


def pick_manifest(
    content: Content,
    rows: Sequence[Descriptor],
    *,
    wanted: Platform | None,
    usual: Platform,
    where: str,
) -> Descriptor:
    """Find the manifest that :func:`pick` reads, going by what indexes say of it."""
    found = [tuple(_leaves(content, row)) for row in dict.fromkeys(rows)]
    firsts = (next((x for x in leaves if fits(x, wanted or usual)), None) for leaves in found)
    fitting = {leaf.digest: leaf for leaf in firsts if leaf is not None}
    every = {leaf.digest: leaf for leaves in found for leaf in leaves}
    if not fitting and wanted is None and len(every) == 1:
        fitting = every
    if len(fitting) != 1:
        raise ImageError(
            f"there is no single image for {wanted or usual}",
            where=where,
            hint=f"there are images for {_platforms(every.values())}: choose one with --platform",
        )
    (leaf,) = fitting.values()
    return leaf


def _check(leaf: Descriptor, image: Image, wanted: Platform, where: str) -> None:
    named = Descriptor(
        media_type=leaf.media_type, digest=leaf.digest, size=leaf.size, platform=image.platform
    )
    if leaf.platform is None and not fits(named, wanted):
        raise ImageError(f"the image is for {image.platform}, not for {wanted}", where=where)


def _leaves(content: Content, row: Descriptor) -> Iterator[Descriptor]:
    """Yield the manifests that a row leads to, attestations left out."""
    todo, count = [(row, 0)], 0
    while todo:
        found, depth = todo.pop()
        count += 1
        if depth > _DEEPEST or count > _MOST:
            raise ImageError(f"indexes are nested more than {_DEEPEST} deep, or endless")
        if found.media_type in media_type.INDEXES:
            inner = parse_index(read_blob(content, found), where=str(found.digest))
            todo += [(each, depth + 1) for each in reversed(inner)]
        elif found.platform is None or found.platform.os != _UNKNOWN:
            yield found


def _platforms(leaves: Iterable[Descriptor]) -> str:
    names = sorted({str(leaf.platform) for leaf in leaves if leaf.platform})
    return ", ".join(names) or "no platform that is named"
