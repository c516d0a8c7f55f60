"""Which blobs an image is made of: layers, and the documents that follow from the value; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index


@dataclass(frozen=True, kw_only=True)
class ImageTree:
    """An image or index to be moved, byte by byte as it is, whoever made it.

    ``root`` is what a tag names.  ``manifests`` holds it and all that it names, children first;
    ``blobs`` are layers and configs, of which ``documents`` holds those that are at hand.
    """

    root: Descriptor
    manifests: Mapping[Descriptor, bytes]
    blobs: tuple[Descriptor, ...]
    documents: Mapping[Descriptor, bytes]


def tree_of(image: Image | Index) -> ImageTree:
    """Describe an image that Lamina made."""
    configs = {single.config: single.config_bytes for single in images_of(image)}
    manifests = {single.descriptor: single.manifest_bytes for single in images_of(image)}
    if isinstance(image, Index):
        manifests[image.descriptor] = image.index_bytes
    return ImageTree(
        root=image.descriptor,
        manifests=manifests,
        blobs=(*layer_descriptors(image), *configs),
        documents=configs,
    )


def images_of(image: Image | Index) -> tuple[Image, ...]:
    """List the single images."""
    return image.images if isinstance(image, Index) else (image,)


def documents(image: Image | Index) -> dict[Descriptor, bytes]:
    """List the blobs that follow from the value: configs, manifests, the index."""
    tree = tree_of(image)
    return {**tree.documents, **tree.manifests}


def layer_descriptors(image: Image | Index) -> tuple[Descriptor, ...]:
    """List the layers of all images, each once."""
    layers = (layer.descriptor for single in images_of(image) for layer in single.layers)
    return tuple(dict.fromkeys(layers))
