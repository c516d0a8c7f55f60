"""Destination ``docker://REFERENCE``: repositories of registries."""

from collections.abc import Callable, Sequence

from lamina.events import ImagePublished
from lamina.image.blobs import tree_of
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.oci.reference import Reference
from lamina.protocols import Content
from lamina.registry.client import RegistryClient
from lamina.registry.push import push
from lamina.steps import Step


class RegistryDestination:
    """One repository, and the tags that the image gets there."""

    def __init__(
        self, reference: Reference, open_client: Callable[[Reference], RegistryClient]
    ) -> None:
        self._reference = reference
        self._open_client = open_client

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Send what the repository lacks, and the tag at last."""
        shown = f"docker://{self._reference}"
        with step:
            client = self._open_client(self._reference)
            push(tree_of(image), content, client, tags=tags_of(self._reference), step=step)
            step.tell(ImagePublished, destination=shown, digest=image.descriptor.digest)
        return image.descriptor


def tags_of(reference: Reference) -> Sequence[str]:
    """List the tag that a push to ``reference`` moves; none for a reference by digest."""
    return (reference.tag,) if reference.tag else ()
