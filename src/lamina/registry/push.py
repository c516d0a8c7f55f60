"""Push: an image into a repository, its tag last, so that a tag never names what is not there."""

import io
from collections.abc import Collection, Sequence
from typing import BinaryIO

from lamina.events import BlobTransferred, Transfer
from lamina.image.blobs import ImageTree
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.parallel import map_ordered
from lamina.protocols import Content
from lamina.registry.client import RegistryClient
from lamina.registry.error import RefusedError
from lamina.registry.upload import Uploader
from lamina.steps import Step

_WORKERS = 4


def push(  # noqa: PLR0913 - what is pushed, where to, and how
    tree: ImageTree,
    content: Content,
    client: RegistryClient,
    *,
    tags: Sequence[str],
    step: Step,
    chunk_size: int = 0,
    sent: Collection[Digest] = (),
    is_checked: bool = False,
) -> None:
    """Send what the repository lacks of ``tree``, then its manifests, then each tag.

    Of the blobs those that were ``sent`` before are not asked for.

    Blobs come first, in parallel; a repository that has all manifests is taken to have all blobs,
    and is asked for none of them, unless it ``is_checked``: then what it lost is sent again.
    ``content`` is opened only for what has to be sent.  Without tags the image can be had by its
    digest.  Raises ``NetworkError``; no tag was moved then.
    """
    root = tree.root.digest
    old = {tag: client.find_manifest(tag, for_push=True) for tag in tags}
    moved = [tag for tag in old if old[tag] != root]
    is_there = len(moved) < len(old) or client.find_manifest(str(root), for_push=True) == root
    missing = _missing_manifests(tree, client, is_there=is_there)
    pushing = _Pushing(tree, content, client, Uploader(client, chunk_size=chunk_size))
    if missing or is_checked:
        pushing.send_blobs(step, but=sent)
    for descriptor in missing:
        if descriptor != tree.root or not tags:
            pushing.put(str(descriptor.digest), descriptor)
    for tag in moved:
        pushing.put(tag, tree.root)
        if client.find_manifest(tag, for_push=True) != root:
            step.warn(f"somebody else moved the tag {tag} of {client.place} at the same time")


def _missing_manifests(
    tree: ImageTree, client: RegistryClient, *, is_there: bool
) -> Sequence[Descriptor]:
    """List the manifests to be put, children first; an index may have lost some that it names."""
    if not is_there:
        return tuple(tree.manifests)
    found = {
        each: client.find_manifest(str(each.digest), for_push=True)
        for each in tree.manifests
        if each != tree.root
    }
    return tuple(each for each, digest in found.items() if digest != each.digest)


class _Pushing:
    """One image on its way into one repository."""

    def __init__(
        self, tree: ImageTree, content: Content, client: RegistryClient, uploader: Uploader
    ) -> None:
        self._tree = tree
        self._content = content
        self._client = client
        self._uploader = uploader

    def send_blobs(self, step: Step, *, but: Collection[Digest]) -> None:
        blobs = dict.fromkeys(blob for blob in self._tree.blobs if blob.digest not in but)
        steps = [(blob, step.child(f"push {blob.digest.short}")) for blob in blobs]
        map_ordered(lambda pair: self._send(*pair), steps, workers=_WORKERS)

    def put(self, reference: str, descriptor: Descriptor) -> None:
        """Store a manifest; blobs that the registry had, and has no more, are sent once."""
        sent: set[Descriptor] = set()
        while True:
            try:
                self._client.put_manifest(reference, descriptor, self._tree.manifests[descriptor])
            except RefusedError as error:
                missing = self._missing(error) - sent
                if not missing:
                    raise
                for blob in missing:
                    self._uploader.transfer(blob, self._open, is_missing=True)
                sent |= missing
            else:
                return

    def _missing(self, error: RefusedError) -> set[Descriptor]:
        """List the blobs that a refusal names, or all where it names none."""
        if "BLOB_UNKNOWN" not in error.said:
            return set()
        named = {blob for blob in self._tree.blobs if str(blob.digest) in error.said}
        return named or set(self._tree.blobs)

    def _send(self, descriptor: Descriptor, step: Step) -> None:
        with step:
            how = self._uploader.transfer(
                descriptor,
                self._open,
                progress=lambda sent: step.progress(sent, descriptor.size),
            )
            if how is Transfer.PRESENT:
                step.cached()
            step.tell(BlobTransferred, digest=descriptor.digest, size=descriptor.size, transfer=how)

    def _open(self, descriptor: Descriptor) -> BinaryIO:
        data = self._tree.documents.get(descriptor)
        return self._content.open(descriptor) if data is None else io.BytesIO(data)
