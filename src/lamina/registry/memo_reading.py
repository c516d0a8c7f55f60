"""Reading a repository's memo: whose it is, what it says, and the contents that it names."""

import json
from collections.abc import Callable
from typing import BinaryIO, Final

from lamina.errors import ImageError, IntegrityError, LaminaError
from lamina.image.load import read_blob
from lamina.layer.memo import Finished
from lamina.oci import media_type
from lamina.oci.annotations import MEMO_SEAL
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.members import text_table
from lamina.oci.parse import parse_manifest
from lamina.protocols import Content
from lamina.registry.client import RegistryClient
from lamina.registry.error import MissingError
from lamina.registry.memo_document import (
    LARGEST_CONTENTS,
    LARGEST_DOCUMENT,
    MemoDocument,
    check_seal,
    unpack_contents,
)
from lamina.registry.pull import RemoteContent
from lamina.steps import Step

TAG: Final = "lamina-memo"

OpenClient = Callable[[], RegistryClient]


class ReadMemo:
    """A memo that was read, and where it is."""

    def __init__(self, name: str, client: RegistryClient, document: MemoDocument) -> None:
        self.document = document
        self.name = name
        self._client = client

    def has_file(self, digest: Digest) -> bool:
        """Say whether it has the file of a fact, and gives it out."""
        found = self._file(digest)
        try:
            if found is not None:
                self._client.get_blob(found).close()
        except LaminaError:
            return False
        return found is not None

    def open_file(self, digest: Digest) -> BinaryIO | None:
        """Open the file of a fact, None where it has none."""
        found = self._file(digest)
        return RemoteContent(self._client).open(found) if found else None

    def _file(self, digest: Digest) -> Descriptor | None:
        files = (fact.file for fact in self.document.facts.values() if fact.file)
        return next((file for file in files if file.digest == digest), None)

    def layer(self, key: str, step: Step) -> Finished | None:
        """Return a layer that it knows, its contents fetched; None and a warning without them."""
        row = self.document.rows[key]
        try:
            if row.contents.size > LARGEST_CONTENTS:
                raise ImageError("the contents of a layer are too large")
            return row.layer, unpack_contents(read_blob(RemoteContent(self._client), row.contents))
        except LaminaError as error:
            step.warn(f"the memo of {self.name} does not help with a layer: {error}")
            return None


def opened_memo(name: str, opener: OpenClient, key: bytes, step: Step) -> ReadMemo | None:
    """Read the memo of the repository ``name``; None for one that cannot be used, and a warning."""
    try:
        client = opener()
        document = read_memo(client, key, step)
        return ReadMemo(name, client, document) if document else None
    except LaminaError as error:
        step.warn(f"the memo of {name} cannot be read: {error}")
        return None


def read_memo(client: RegistryClient, key: bytes, step: Step) -> MemoDocument | None:
    """Read a repository's memo; an empty one where there is none, None for one that is not ours.

    Whoever has mistyped the key must not overwrite what the others remember.
    """
    try:
        descriptor, data = client.get_manifest(TAG)
    except MissingError:
        return MemoDocument()
    where = f"{client.place}:{TAG}"
    try:
        document = _document_of(data, where=where)
        if document.size > LARGEST_DOCUMENT:
            step.warn(f"the memo {where} is too large to be read: the next push begins a new one")
            return MemoDocument()
        return _opened_seal(RemoteContent(client), data, document, key)
    except (ImageError, IntegrityError) as error:
        step.warn(
            f"the memo {where}, {descriptor.digest.short}, is not used: {error.what}; "
            "where the key was changed, delete the tag to begin a new one"
        )
        return None


def _document_of(manifest: bytes, *, where: str) -> Descriptor:
    """Find the document of a memo, or raise ``ImageError`` for anything else."""
    _, blobs = parse_manifest(manifest, where=where, any_layers=True)
    if json.loads(manifest).get("artifactType") != media_type.MEMO or not blobs:
        raise ImageError("it is another kind of thing", where=where)
    return blobs[0]


def _opened_seal(
    content: Content, manifest: bytes, document: Descriptor, key: bytes
) -> MemoDocument:
    data = read_blob(content, document)
    claimed = text_table(json.loads(manifest), "annotations").get(MEMO_SEAL, "")
    check_seal(data, claimed, key)
    return MemoDocument.from_bytes(data)
