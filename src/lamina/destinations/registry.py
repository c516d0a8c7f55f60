"""Destination ``docker://REFERENCE``: repositories of registries."""

from collections.abc import Sequence
from typing import Protocol

from lamina.events import ImagePublished
from lamina.image.blobs import images_of, tree_of
from lamina.oci.annotations import BASE_NAME
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.oci.reference import Reference
from lamina.protocols import Content
from lamina.registry.ahead import Ahead
from lamina.registry.client import RegistryClient
from lamina.registry.push import push
from lamina.steps import Step


class OpenClient(Protocol):
    """Makes a client of a repository, to which blobs may come from those of ``mounts``."""

    def __call__(self, reference: Reference, *, mounts: Sequence[Reference] = ()) -> RegistryClient:
        """Make it."""


class RegistryDestination:
    """One repository, and the tags that the image gets there.

    Layers may be in ``near`` already, or where the base is, and are taken over from there.
    ``ahead`` sends some of them while others are made.
    """

    def __init__(
        self,
        reference: Reference,
        open_client: OpenClient,
        *,
        near: Sequence[Reference] = (),
        ahead: Ahead | None = None,
    ) -> None:
        self._reference = reference
        self._open_client = open_client
        self._near = near
        self._ahead = ahead

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Send what the repository lacks, and the tag at last."""
        shown = f"docker://{self._reference}"
        with step:
            mounts = (*self._near, *_bases(image))
            client = self._open_client(self._reference, mounts=mounts)
            sent = self._ahead.finish() if self._ahead else ()
            tags = tags_of(self._reference)
            push(tree_of(image), content, client, tags=tags, step=step, sent=sent)
            step.tell(ImagePublished, destination=shown, digest=image.descriptor.digest)
        return image.descriptor


def tags_of(reference: Reference) -> Sequence[str]:
    """List the tag that a push to ``reference`` moves; none for a reference by digest."""
    return (reference.tag,) if reference.tag else ()


def _bases(image: Image | Index) -> tuple[Reference, ...]:
    """List where the base's layers were found: those that nobody made here."""
    found = (single for single in images_of(image) if not all(x.key for x in single.layers))
    names = (single.annotations.get(BASE_NAME, "") for single in found)
    return tuple(Reference.parse(name) for name in dict.fromkeys(names) if _is_reference(name))


def _is_reference(name: str) -> bool:
    """Say whether a base is in a registry, and not in a folder."""
    return bool(name) and not name.startswith("oci:")
