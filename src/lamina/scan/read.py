"""Read: one pass over an image's layers, or over a project's files, for all scanners together."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from lamina.anatomy.read import CheckedLayer
from lamina.errors import ArchiveError, ProjectError
from lamina.layer.decompress import Limits
from lamina.layer.entries import LayerReader, Member
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.protocols import Content
from lamina.scan.documents import MOST_BYTES, kept_bytes
from lamina.scan.inventory import Document, FileHits, Inventory
from lamina.scan.published import may_be_published
from lamina.scan.secrets.credential_files import KEY_STORE
from lamina.scan.secrets.search import Search
from lamina.scan.tree import Tree

LIMITS: Final = Limits(members=500_000)
_MOST_PATHS: Final = 1_000_000
_MOST_FILES: Final = 10_000
_CHUNK: Final = 256 << 10


def read_image(image: Image, content: Content) -> Inventory:
    """Look through all layers, also at what a later layer hides.

    Raises ``ArchiveError`` for a malformed or hostile layer, ``IntegrityError`` for another one
    than the manifest and the config name, ``ImageError`` for a missing one.
    """
    reader = _Reader()
    for number, layer in enumerate(image.layers, 1):
        reader.add_layer(layer, content, number)
    return reader.finish()


def read_files(directory: Path, paths: Iterable[Path]) -> Inventory:
    """Look through a project's files; raise ``ProjectError`` for one that cannot be read."""
    reader = _Reader()
    for path in paths:
        reader.add_file(directory, path)
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self._tree = Tree()
        self._documents: dict[str, Document] = {}
        self._kept = 0
        self._secrets: list[FileHits] = []
        self._digests: dict[str, str] = {}
        self._texts = 0
        self._binaries = 0

    def add_layer(self, layer: Layer, content: Content, number: int) -> None:
        where = str(layer.descriptor.digest)
        members: list[Member] = []
        with content.open(layer.descriptor) as blob:
            checked = CheckedLayer(blob, layer, limits=LIMITS)
            reader = LayerReader(checked.tar, where=where, limits=LIMITS)
            for member in reader:
                members.append(member)
                if len(members) + self._tree.size > _MOST_PATHS:
                    raise ArchiveError("the layers have more files than is plausible", where=where)
                if member.kind == "file" and member.removes is None:
                    self._look(member.path, member.mode, reader.chunks(), layer=number)
                elif member.kind == "hardlink":
                    self._look_again(member, layer=number)
            checked.check()
        self._tree.add_layer(members, number)

    def add_file(self, directory: Path, path: Path) -> None:
        name = path.relative_to(directory).as_posix()
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o7777
                self._look(name, mode, iter(lambda: file.read(_CHUNK), b""), layer=0)
        except OSError as error:
            raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error
        member = Member(path=name, kind="file", mode=mode, uid=0, gid=0, mtime=0)
        self._tree.add_layer([member], 0)

    def _look_again(self, link: Member, *, layer: int) -> None:
        """Take what a file was found to be under its other name, as uv's caches give it."""
        document = self._documents.get(link.target)
        self._keep(link.path, document.data if document else b"", layer=layer)
        digest = self._digests.get(link.target, "")
        if KEY_STORE.fullmatch(link.path):
            self._note(
                FileHits(
                    path=link.path, mode=link.mode, layer=layer, is_key_store=True, digest=digest
                )
            )

    def _look(self, path: str, mode: int, chunks: Iterator[bytes], *, layer: int) -> None:
        search, kept = Search(path), bytearray()
        hasher = hashlib.sha256() if may_be_published(path) else None
        wanted = min(kept_bytes(path), MOST_BYTES - self._kept)
        for chunk in chunks:
            search.feed(chunk)
            if hasher is not None:
                hasher.update(chunk)
            if wanted > len(kept):
                kept += chunk[: wanted - len(kept)]
            elif search.is_binary:
                break  # the rest is skipped faster than it is looked at
        self._kept += len(kept)
        self._keep(path, bytes(kept), layer=layer)
        self._texts += not search.is_binary
        self._binaries += search.is_binary
        digest = hasher.hexdigest() if hasher is not None else ""
        if digest:
            self._digests[path] = digest
        found = FileHits(
            path=path,
            mode=mode,
            layer=layer,
            hits=search.hits,
            is_key_store=KEY_STORE.fullmatch(path) is not None,
            digest=digest,
        )
        if found.hits or found.is_key_store:
            self._note(found)

    def _keep(self, path: str, data: bytes, *, layer: int) -> None:
        """Keep a document in place of a lower layer's."""
        if data:
            self._documents[path] = Document(path=path, data=data, layer=layer)
        else:
            self._documents.pop(path, None)

    def _note(self, found: FileHits) -> None:
        if len(self._secrets) < _MOST_FILES:
            self._secrets.append(found)

    def finish(self) -> Inventory:
        alive = {
            path: document
            for path, document in self._documents.items()
            if (leaf := self._tree.find(path)) is not None and leaf.is_file
        }
        return Inventory(
            tree=self._tree,
            documents=alive,
            secrets=tuple(self._secrets),
            texts=self._texts,
            binaries=self._binaries,
        )
