"""Destination ``docker://REFERENCE``: repositories of registries."""

import json
from collections.abc import Iterator, Sequence
from typing import Protocol

from lamina.errors import UsageError
from lamina.events import ImagePublished
from lamina.image.blobs import ImageTree, tree_of
from lamina.oci import media_type
from lamina.oci.annotations import BASE_NAME, LAYER_KEY
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.members import text_table
from lamina.oci.parse import parse_manifest
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
        """Send what the repository lacks, and the tag at last.

        Raises ``UsageError`` where the reference has another digest than the image.
        """
        tree = tree_of(image)
        tags = tags_of(self._reference, tree.root.digest)
        shown = f"docker://{self._reference}"
        with step:
            mounts = (*self._near, *bases_of(tree))
            client = self._open_client(self._reference, mounts=mounts)
            sent = self._ahead.finish() if self._ahead else ()
            push(tree, content, client, tags=tags, step=step, sent=sent)
            step.tell(ImagePublished, destination=shown, digest=image.descriptor.digest)
        return image.descriptor


def tags_of(reference: Reference, digest: Digest) -> Sequence[str]:
    """List the tag that a push of the image ``digest`` moves; none for a reference by digest.

    Raises ``UsageError`` for a reference by another digest, under which nobody would find it.
    """
    if reference.digest not in {None, digest}:
        raise UsageError(
            f"the image has another digest than {reference} says: {digest}",
            hint="push it to a tag, and let others pull it by the digest that it has",
        )
    return (reference.tag,) if reference.tag else ()


def bases_of(tree: ImageTree) -> tuple[Reference, ...]:
    """List where the bases' layers were found, as images say that have layers nobody made here."""
    names = (
        name
        for descriptor, data in tree.manifests.items()
        if descriptor.media_type in media_type.MANIFESTS
        for name in _base_names(data, where=str(descriptor.digest))
    )
    return tuple(Reference.parse(name) for name in dict.fromkeys(names))


def _base_names(data: bytes, *, where: str) -> Iterator[str]:
    _, layers = parse_manifest(data, where=where, any_layers=True)
    name = text_table(json.loads(data), "annotations").get(BASE_NAME, "")
    is_foreign = any(LAYER_KEY not in layer.annotations for layer in layers)
    if is_foreign and _is_reference(name):
        yield name


def _is_reference(name: str) -> bool:
    """Say whether a base is in a registry, and not in a folder; others may write anything."""
    if not name or name.startswith("oci:"):
        return False
    try:
        Reference.parse(name)
    except UsageError:
        return False
    return True
