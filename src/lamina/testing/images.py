"""Small real images, and contents that hold them or fail on purpose."""

import io
from dataclasses import dataclass, field
from typing import BinaryIO

from lamina.errors import ImageError
from lamina.layer.write import LayerWriter
from lamina.oci.config import RuntimeConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform


@dataclass
class Memory:
    """Blobs in memory, as a ``Content``; ``opened`` lists what was asked for."""

    blobs: dict[Digest, bytes] = field(default_factory=dict)
    opened: list[Digest] = field(default_factory=list)

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob, or raise ``ImageError``."""
        self.opened.append(descriptor.digest)
        if descriptor.digest not in self.blobs:
            raise ImageError("a blob is missing")
        return io.BytesIO(self.blobs[descriptor.digest])


def toy_layer(content: Memory, name: str, data: bytes = b"data") -> Layer:
    """Write a layer with one file into ``content``."""
    file = io.BytesIO()
    writer = LayerWriter(file)
    writer.add(Entry(path=name, data=data))
    layer, _ = writer.finish(created_by=f"toy {name}")
    content.blobs[layer.descriptor.digest] = file.getvalue()
    return layer


def toy_image(
    content: Memory, *names: str, architecture: str = "amd64", command: str = "toy"
) -> Image:
    """Make an image of one layer for each of the ``names``, its layers in ``content``."""
    return Image(
        platform=Platform("linux", architecture),
        layers=tuple(toy_layer(content, name) for name in names),
        runtime=RuntimeConfig(command=(command,)),
    )
