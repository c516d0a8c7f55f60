"""Which blobs a named image refers to, as far as its manifests can be read."""

from lamina.errors import ImageError, IntegrityError
from lamina.image.load import read_blob
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.parse import parse_index, parse_manifest
from lamina.protocols import Content

_LARGEST = 8 << 20


def referred(content: Content, root: Descriptor) -> tuple[frozenset[Digest], bool]:
    """Return every blob from an index or manifest down; say whether all manifests could be read.

    A manifest that is damaged or missing hides what it refers to, and no image can be had from it.
    """
    found: set[Digest] = set()
    is_whole = True
    waiting = [root]
    while waiting:
        descriptor = waiting.pop()
        if descriptor.digest in found:
            continue
        found.add(descriptor.digest)
        try:
            manifests, blobs = _children(content, descriptor)
        except (ImageError, IntegrityError, OSError):
            is_whole = False
        else:
            waiting += manifests
            found.update(blob.digest for blob in blobs)
    return frozenset(found), is_whole


def _children(
    content: Content, descriptor: Descriptor
) -> tuple[tuple[Descriptor, ...], tuple[Descriptor, ...]]:
    if descriptor.size > _LARGEST:
        raise ImageError("a manifest is too large", where=str(descriptor.digest))
    data, where = read_blob(content, descriptor), str(descriptor.digest)
    if descriptor.media_type in media_type.INDEXES:
        return parse_index(data, where=where), ()
    config, layers = parse_manifest(data, where=where, any_layers=True)
    return (), (config, *layers)
