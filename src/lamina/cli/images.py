"""Find an image by what a user calls it: a name in the store, or a layout."""

from pathlib import Path

from lamina.cli import wiring
from lamina.errors import ImageError
from lamina.image.blobs import ImageTree
from lamina.image.load import load_image, load_tree
from lamina.layout.read import Layout, find_descriptor, find_image
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
    return load_image(store.blobs, _named(text, store), wanted), store.blobs


def find_tree(text: str, store: Store) -> tuple[ImageTree, Content]:
    """Find all of what is called ``text``, every platform of it, to be moved as it is."""
    if not text.startswith("oci:"):
        return load_tree(store.blobs, _named(text, store)), store.blobs
    directory, _, name = text.removeprefix("oci:").partition(":")
    layout = Layout(Path(directory))
    return load_tree(layout, find_descriptor(Path(directory), name)), layout


def _named(text: str, store: Store) -> Descriptor:
    name = str(Reference.parse(text))
    row = store.recall("name", name)
    if row is None:
        raise ImageError(
            f"there is no image {name} in the store",
            hint="build it with `lamina build -t NAME`, or name a layout as oci:DIR",
        )
    return Descriptor.from_json(row)
