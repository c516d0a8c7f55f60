"""Find an image by what a user calls it: a name in the store, or a layout."""

from pathlib import Path

from lamina.cli import wiring
from lamina.errors import ImageError
from lamina.layout.read import Layout, find_image, load_image
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.protocols import Content
from lamina.store.store import Store


def find(text: str, store: Store, platform: Platform | None = None) -> tuple[Image, Content]:
    """Find the image called ``text``: ``oci:DIR[:NAME]``, or a name given with ``build -t``."""
    wanted = platform or wiring.host_platform()
    if text.startswith("oci:"):
        directory, _, name = text.removeprefix("oci:").partition(":")
        return find_image(Path(directory), name, wanted), Layout(Path(directory))
    name = str(Reference.parse(text))
    row = store.recall("name", name)
    if row is None:
        raise ImageError(
            f"there is no image {name} in the store",
            hint="build it with `lamina build -t NAME`, or name a layout as oci:DIR",
        )
    return load_image(store.blobs, Descriptor.from_json(row), wanted), store.blobs
