"""Destinations ``oci-archive:FILE`` and ``docker-archive:FILE``: one tar that is both."""

from pathlib import Path

from lamina.events import ImagePublished
from lamina.layout.archive import write_archive
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.protocols import Content
from lamina.steps import Step


class ArchiveDestination:
    """A tar that skopeo, podman and every Docker engine read.

    ``transport`` is the user's word for it, and changes nothing but what is said.
    """

    def __init__(
        self, path: Path, names: tuple[str, ...], *, transport: str = "oci-archive"
    ) -> None:
        self._path = path
        self._names = names
        self._transport = transport

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Write the tar, replacing an older one."""
        with step:
            write_archive(self._path, image, content, names=self._names)
            shown = f"{self._transport}:{self._path}"
            step.tell(ImagePublished, destination=shown, digest=image.descriptor.digest)
        return image.descriptor
