"""Read: one pass over an image's layers, or over a project's files, for all scanners together."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.anatomy.read import CheckedLayer
from lamina.errors import ArchiveError, ProjectError
from lamina.layer.decompress import Limits
from lamina.layer.entries import LayerReader, Member
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.protocols import Content
from lamina.scan.documents import MOST_BYTES, Document, Shelf, why_unread
from lamina.scan.inventory import FileHits, Inventory
from lamina.scan.links import Aspect, Link, Links, Origin, aspect_of
from lamina.scan.look import Look
from lamina.scan.published import may_be_published
from lamina.scan.secrets.credential_files import KEY_STORE
from lamina.scan.secrets.search import Hit
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
    reader.read_again(image, content)
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
        self._shelf = Shelf(most=MOST_BYTES)
        self._links = Links()
        self._again: list[Link] = []
        self._secrets: list[FileHits] = []
        self._digests: dict[Origin, str] = {}
        self._texts = 0
        self._binaries = 0

    def add_layer(self, layer: Layer, content: Content, number: int) -> None:
        members: list[Member] = []
        for member, chunks in _members(layer, content):
            members.append(member)
            if len(members) + self._tree.size > _MOST_PATHS:
                where = str(layer.descriptor.digest)
                raise ArchiveError("the layers have more files than is plausible", where=where)
            if member.kind == "file" and member.removes is None:
                self._look(member, chunks, layer=number)
            elif member.kind != "directory":
                self._shelf.drop(member.path)
        for link in self._links.follow(members, self._tree, number):
            self._link(link)
        self._tree.add_layer(members, number)

    def add_file(self, directory: Path, path: Path) -> None:
        name = path.relative_to(directory).as_posix()
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                member = Member(
                    path=name, kind="file", mode=status.st_mode & 0o7777,
                    uid=0, gid=0, mtime=0, size=status.st_size,
                )  # fmt: skip
                self._look(member, iter(lambda: file.read(_CHUNK), b""), layer=0)
        except OSError as error:
            raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error
        self._tree.add_layer([member], 0)

    def read_again(self, image: Image, content: Content) -> None:
        """Read the files once more of which a hard link's name says more than their own."""
        told = {(file.layer, file.path): file.hits for file in self._secrets}
        for number, layer in enumerate(image.layers, 1):
            wanted: dict[str, dict[Aspect, list[Link]]] = {}
            for link in self._again:
                if link.origin[0] == number:
                    aspects = wanted.setdefault(link.origin[1], {})
                    aspects.setdefault(aspect_of(link.member.path), []).append(link)
            if not wanted:
                continue
            for member, chunks in _members(layer, content):
                if member.kind == "file" and member.path in wanted:
                    known = told.get((number, member.path), ())
                    self._look_as(list(wanted[member.path].values()), member, chunks, known)

    def _look_as(
        self,
        groups: Sequence[Sequence[Link]],
        member: Member,
        chunks: Iterator[bytes],
        told: Sequence[Hit],
    ) -> None:
        """Look at a file once for each group of names that see the same in it."""
        looks = [self._new_look(links[0].member, links[0].layer) for links in groups]
        _feed(looks, chunks)
        known = {(hit.rule, hit.line) for hit in told}
        for look, links in zip(looks, groups, strict=True):
            found = look.found()
            hits = tuple(hit for hit in found.hits if (hit.rule, hit.line) not in known)
            for link in links:
                self._put(link.member.path, look, member.size, layer=link.layer)
                if hits:
                    name, layer = link.member, link.layer
                    self._note(
                        replace(found, path=name.path, mode=name.mode, layer=layer, hits=hits)
                    )

    def _put(self, path: str, look: Look, size: int, *, layer: int) -> None:
        """Keep a document, unless a later layer has put something in its place."""
        leaf = self._tree.find(path)
        if leaf is not None and leaf.kind == "hardlink" and leaf.layer == layer:
            self._shelf.put(path, look.document, size=size, layer=layer)

    def _new_look(self, member: Member, layer: int) -> Look:
        return Look(member.path, member.mode, layer, room=self._shelf.room(member.path))

    def _link(self, link: Link) -> None:
        """Take what a file was found to be under its other name, as uv's caches give it."""
        path, (layer, other) = link.member.path, link.origin
        document = self._shelf.kept.get(other)
        aspect, known = aspect_of(path), aspect_of(other)
        is_same = document is not None and document.layer == layer and aspect.kept <= known.kept
        if aspect.kept and document is not None and is_same:
            self._shelf.link(path, document, layer=link.layer)
        if aspect.sees_more(known) or (aspect.kept and not is_same):
            self._again.append(link)
        if KEY_STORE.fullmatch(path):
            self._note(
                FileHits(
                    path=path,
                    mode=link.member.mode,
                    layer=link.layer,
                    is_key_store=True,
                    digest=self._digests.get(link.origin, ""),
                )
            )

    def _look(self, member: Member, chunks: Iterator[bytes], *, layer: int) -> None:
        look = self._new_look(member, layer)
        _feed([look], chunks)
        self._shelf.put(member.path, look.document, size=member.size, layer=layer)
        self._texts += not look.is_binary
        self._binaries += look.is_binary
        if may_be_published(member.path):
            self._digests[layer, member.path] = look.digest
        found = look.found()
        if found.hits or found.is_key_store:
            self._note(found)

    def _note(self, found: FileHits) -> None:
        if len(self._secrets) < _MOST_FILES:
            self._secrets.append(found)

    def _alive(self) -> Iterator[tuple[str, Document]]:
        """Yield the documents of the finished image, by the path that no link is part of."""
        for path, document in self._shelf.kept.items():
            leaf = self._tree.find(path)
            if leaf is not None and leaf.is_file and leaf.layer == document.layer:
                yield leaf.path, replace(document, path=leaf.path)

    def finish(self) -> Inventory:
        documents = dict(self._alive())
        files = (leaf.path for leaf in self._tree if leaf.is_file)
        return Inventory(
            tree=self._tree,
            documents=documents,
            secrets=tuple(self._secrets),
            texts=self._texts,
            binaries=self._binaries,
            unread=why_unread(files, documents),
        )


def _members(layer: Layer, content: Content) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Yield a layer's members, each with its content, and check the layer at the end."""
    with content.open(layer.descriptor) as blob:
        checked = CheckedLayer(blob, layer, limits=LIMITS)
        reader = LayerReader(checked.tar, where=str(layer.descriptor.digest), limits=LIMITS)
        for member in reader:
            yield member, reader.chunks()
        checked.check()


def _feed(looks: Sequence[Look], chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        for look in looks:
            look.feed(chunk)
        if all(look.is_done for look in looks):
            return  # the rest is skipped faster than it is looked at
