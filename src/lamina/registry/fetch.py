"""Fetch: all blobs of an image of a registry, each checked, into a place that keeps blobs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from lamina.durable import incoming
from lamina.image.load import load_tree
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.parallel import map_ordered
from lamina.registry.client import RegistryClient
from lamina.registry.pull import RemoteContent
from lamina.steps import Step

_WORKERS = 4
_CHUNK = 1 << 20

Progress = Callable[[int], None]
"""Receives the number of bytes that have come."""


class BlobKeeper(Protocol):
    """What of a store is used here."""

    ingest: Path

    def has(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there."""

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob that is there."""

    def path(self, digest: Digest) -> Path:
        """Say where the blob is, or would be."""

    def add(self, data: bytes, *, media_type: str) -> Descriptor:
        """Keep a small blob."""


def fetch(client: RegistryClient, reference: str, blobs: BlobKeeper, step: Step) -> Descriptor:
    """Bring what a tag or digest stands for, all of an index, into ``blobs``.

    Raises ``NetworkError``, ``ImageError`` and ``IntegrityError``.
    """
    descriptor, _ = client.get_manifest(reference)
    fetch_below(client, descriptor, blobs, step)
    return descriptor


def fetch_below(client: RegistryClient, root: Descriptor, blobs: BlobKeeper, step: Step) -> None:
    """Bring ``root``, an index or manifest of a repository, and all that it names into ``blobs``.

    Manifests are kept last, so one that is there is whole.  Raises what :func:`fetch` raises.
    """
    content = RemoteContent(client)
    tree = load_tree(content, root)
    missing = [blob for blob in tree.blobs if not blobs.has(blob)]
    work = [(blob, step.child(f"pull {blob.digest.short}")) for blob in missing]
    map_ordered(lambda pair: _pull(content, *pair, blobs), work, workers=_WORKERS)
    for found, data in tree.manifests.items():
        blobs.add(data, media_type=found.media_type)


def _pull(content: RemoteContent, descriptor: Descriptor, step: Step, blobs: BlobKeeper) -> None:
    with step:
        progress = partial(step.progress, total=descriptor.size)
        keep(content, descriptor, blobs, progress=progress)


def keep(
    content: RemoteContent,
    descriptor: Descriptor,
    blobs: BlobKeeper,
    *,
    progress: Progress = lambda _: None,
) -> None:
    """Bring one blob into ``blobs``, or raise and leave nothing there."""
    with content.open(descriptor) as source, incoming(blobs.ingest) as new:
        received = 0
        while chunk := source.read(_CHUNK):
            new.file.write(chunk)
            received += len(chunk)
            progress(received)
        new.commit(blobs.path(descriptor.digest))
