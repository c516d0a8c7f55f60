"""Destination ``oci:DIRECTORY``."""

from pathlib import Path

from lamina.events import ImagePublished
from lamina.layout.write import write_layout
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.protocols import Content
from lamina.steps import Step


class LayoutDestination:
    """An OCI layout on disk; several images may share one."""

    def __init__(self, directory: Path, names: tuple[str, ...]) -> None:
        self._directory = directory
        self._names = names

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Add the image to the layout."""
        with step:
            write_layout(self._directory, image, content, names=self._names)
            shown = f"oci:{self._directory}"
            step.tell(ImagePublished, destination=shown, digest=image.descriptor.digest)
        return image.descriptor
