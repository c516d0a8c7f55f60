"""Destination for ``-t NAME`` alone: the image stays in the store, under its names."""

from lamina.image.blobs import documents
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.protocols import Content
from lamina.steps import Step
from lamina.store.store import Store


class NamedDestination:
    """The store itself, where `lamina run` and `lamina test` find images by name."""

    def __init__(self, store: Store, names: tuple[str, ...]) -> None:
        self._store = store
        self._names = names

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:  # noqa: ARG002
        """Keep the manifest, and remember it under each name."""
        with step:
            for descriptor, data in documents(image).items():
                self._store.blobs.add(data, media_type=descriptor.media_type)
            for name in self._names:
                self._store.remember("name", name, image.descriptor.to_json())
        return image.descriptor
