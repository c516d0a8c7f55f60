"""Read a layer that somebody else wrote: check its diff_id, and learn what it holds."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, NoReturn

from lamina.elf.needs import Needs
from lamina.elf.tap import Incomplete, Tap, needs_of
from lamina.errors import ArchiveError, IntegrityError
from lamina.layer.contents import Contents, Item
from lamina.layer.decompress import DEFAULT_LIMITS, Decompressed
from lamina.layer.entries import LayerReader, Member
from lamina.oci.digest import Digest
from lamina.oci.entry import Kind
from lamina.oci.layer import Layer

_CHUNK = 1 << 20
_KINDS: dict[str, Kind] = {
    "file": "file",
    "directory": "directory",
    "symlink": "symlink",
    "hardlink": "hardlink",
}


def inspect_layer(open_blob: Callable[[], BinaryIO], layer: Layer, *, owner: str) -> Contents:
    """Read a layer's blob and list what it holds.

    Raises ``ArchiveError`` for a malformed layer and ``IntegrityError`` for another one than
    ``layer`` says.
    """
    where = str(layer.descriptor.digest)
    with open_blob() as stream:
        actual = _diff_id(stream, where)
    if actual != layer.diff_id:
        raise IntegrityError(
            "a layer does not hold what the config says",
            where=where,
            why=f"expected diff_id {layer.diff_id}, got {actual}",
        )
    with open_blob() as stream:
        contents, large = _list(LayerReader(stream, where=where), owner)
    again = {
        path: needs_of(found, partial(_again, open_blob, path, where), where=f"/{path}")
        for path, found in large.items()
    }
    found = {path: needs for path, needs in again.items() if needs is not None}
    return replace(contents, objects={**contents.objects, **found})


def _list(reader: LayerReader, owner: str) -> tuple[Contents, dict[str, Incomplete]]:
    """List what a layer holds, and the objects that have to be looked at again."""
    items: list[Item] = []
    objects: dict[str, Needs] = {}
    large: dict[str, Incomplete] = {}
    for member in reader:
        kind = _KINDS.get(member.kind)
        if kind is None:
            continue  # devices and pipes hold nothing that a build looks at
        digest = ""
        if kind == "file":
            digest, found = _read(reader.chunks())
            if isinstance(found, Needs):
                objects[member.path] = found
            elif found is not None:
                large[member.path] = found
        items.append(_item(member, kind, digest, owner))
    return Contents(items=tuple(items), objects=objects), large


def _again(open_blob: Callable[[], BinaryIO], path: str, where: str) -> Iterator[bytes]:
    """Yield the content of one file of a layer."""
    with open_blob() as stream:
        reader = LayerReader(stream, where=where)
        for member in reader:
            if member.path == path and member.kind == "file":
                yield from reader.chunks()
                return


def _diff_id(stream: BinaryIO, where: str) -> Digest:
    def refuse(what: str) -> NoReturn:
        raise ArchiveError(f"the layer {what}", where=where)

    plain = Decompressed(stream, limits=DEFAULT_LIMITS, refuse=refuse)
    hasher = hashlib.sha256()
    while chunk := plain.read(_CHUNK):
        hasher.update(chunk)
    return Digest(hasher.hexdigest())


def _read(chunks: Iterator[bytes]) -> tuple[str, Needs | Incomplete | None]:
    hasher, tap = hashlib.sha256(), Tap()
    for chunk in chunks:
        hasher.update(chunk)
        tap.feed(chunk)
    return hasher.hexdigest(), tap.result()


def _item(member: Member, kind: Kind, digest: str, owner: str) -> Item:
    size = member.size if kind == "file" else 0
    return Item(member.path, kind, member.mode, size, digest, member.target, owner)
