"""Index differences: what an index holds besides the images that it should hold; pure."""

from collections.abc import Sequence

from lamina.image.document_difference import json_differences, names_twice, read_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index


def index_difference(
    data: bytes, images: Sequence[Image], *, strange: Sequence[Descriptor], compares_bytes: bool
) -> tuple[str, ...]:
    """Say how an index differs from one of ``images``, in their order.

    ``strange`` are its rows that are no images.  Where the images themselves are not as expected,
    only what belongs to the index itself is compared.
    """
    expected = Index(images=tuple(images))
    if data == expected.index_bytes:
        return ()
    if strange:
        return tuple(f"also names {row.digest}, which is {row.media_type}" for row in strange)
    if names_twice(data):
        return ("names a member twice, of which readers take one or the other",)
    ours, theirs = read_json(expected.index_bytes), read_json(data)
    if not compares_bytes:
        ours, theirs = ({**one, "manifests": []} for one in (ours, theirs))
    lines = tuple(json_differences(ours, theirs))
    if not lines and compares_bytes:
        return ("has the same values, written in another way",)
    return lines
