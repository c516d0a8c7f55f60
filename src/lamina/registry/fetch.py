"""Fetch: all blobs of an image of a registry, each checked, into a place that keeps blobs."""

from pathlib import Path
from typing import Protocol

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


class BlobKeeper(Protocol):
    """What of a store is used here."""

    ingest: Path

    def has(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there."""

    def path(self, digest: Digest) -> Path:
        """Say where the blob is, or would be."""

    def add(self, data: bytes, *, media_type: str) -> Descriptor:
        """Keep a small blob."""


def fetch(client: RegistryClient, reference: str, blobs: BlobKeeper, step: Step) -> Descriptor:
    """Bring what a tag or digest stands for, every platform of it, into ``blobs``.

    Manifests are kept last, so one that is there is whole.  Raises ``NetworkError``,
    ``ImageError`` and ``IntegrityError``.
    """
    descriptor, _ = client.get_manifest(reference)
    content = RemoteContent(client)
    tree = load_tree(content, descriptor)
    missing = [blob for blob in tree.blobs if not blobs.has(blob)]
    work = [(blob, step.child(f"pull {blob.digest.short}")) for blob in missing]
    map_ordered(lambda pair: _keep(content, *pair, blobs), work, workers=_WORKERS)
    for found, data in tree.manifests.items():
        blobs.add(data, media_type=found.media_type)
    return tree.root


def _keep(content: RemoteContent, descriptor: Descriptor, step: Step, blobs: BlobKeeper) -> None:
    with step, content.open(descriptor) as source, incoming(blobs.ingest) as new:
        received = 0
        while chunk := source.read(_CHUNK):
            new.file.write(chunk)
            received += len(chunk)
            step.progress(received, descriptor.size)
        new.commit(blobs.path(descriptor.digest))
