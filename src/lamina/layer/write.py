"""LayerWriter: entries in, a gzipped tar out, and both digests, in one pass."""

import hashlib
from collections.abc import Callable, Iterable
from typing import BinaryIO

from isal import isal_zlib

from lamina.elf.needs import Needs
from lamina.elf.tap import Tap
from lamina.errors import ArchiveError
from lamina.layer import gzip_members, tar
from lamina.layer.contents import Contents, Item
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry, Kind
from lamina.oci.layer import Layer

Encode = Callable[[bytes], bytes]
"""Turn plain bytes into one or more gzip members."""

_WINDOW = 1 << 20
_FLUSH = 1 << 20
_RAW_DEFLATE = -15
_KINDS: dict[Kind, bytes] = {
    "file": tar.FILE,
    "directory": tar.DIRECTORY,
    "symlink": tar.SYMLINK,
    "hardlink": tar.HARD_LINK,
}


class LayerWriter:
    """Write one layer to an open file.

    Parents are added before their children, owned by root, mode 0755.  ``encode`` compresses what
    does not come compressed: headers, padding and the data of :meth:`add`.
    """

    def __init__(self, file: BinaryIO, *, encode: Encode = gzip_members.member) -> None:
        self._file = file
        self._encode = encode
        self._plain: list[bytes] = []
        self._plain_size = 0
        self._packed: list[bytes] = []
        self._packed_size = 0
        self._size = 0
        self._blob = hashlib.sha256()
        self._diff = hashlib.sha256()
        self._items: dict[str, Item] = {}
        self._objects: dict[str, Needs] = {}

    def add(self, entry: Entry, *, owner: str = "") -> Digest:
        """Add an entry whose data is at hand; return the digest of its data.

        Raises ``ArchiveError`` if the path was added before (layer.md forbids duplicates), apart
        from a directory, which may come again with the same mode.
        """
        digest = Digest.of(entry.data)
        if entry.kind == "directory" and self._has_directory(entry):
            return digest
        self._write_header(entry, len(entry.data), owner)
        self._add_item(entry, size=len(entry.data), digest=digest, owner=owner)
        if entry.data:
            self._write_plain(entry.data + tar.padding(len(entry.data)))
            tap = Tap()
            tap.feed(entry.data)
            self._note_object(entry.path, tap)
        return digest

    def splice(  # noqa: PLR0913 - a zip member has this many parts
        self,
        entry: Entry,
        packed: Iterable[bytes],
        *,
        size: int,
        crc: int,
        owner: str = "",
        also: "hashlib._Hash | None" = None,
    ) -> Digest:
        """Add a file whose raw deflate stream exists; ``packed`` yields it in pieces.

        The stream is inflated only to compute digests; its bytes go into the layer as they are.
        ``also`` is updated with the file's bytes too.  Raises ``ArchiveError`` when the stream
        does not hold exactly ``size`` bytes with the CRC-32 ``crc``.
        """
        self._write_header(entry, size, owner)
        if not size:
            digest = Digest.of(b"")
        else:
            self._encode_plain()
            self._write_packed(gzip_members.MEMBER_HEADER)
            digest = self._copy(entry.path, packed, size=size, crc=crc, also=also)
            self._write_packed(gzip_members.trailer(crc, size))
            self._write_plain(tar.padding(size))
        self._add_item(entry, size=size, digest=digest, owner=owner)
        return digest

    def finish(self, *, created_by: str) -> tuple[Layer, Contents]:
        """End the archive and return the layer; the caller keeps or drops the file."""
        self._write_plain(tar.END)
        self._encode_plain()
        self._flush_packed()
        layer = Layer(
            descriptor=Descriptor(
                media_type=media_type.LAYER_GZIP,
                digest=Digest(self._blob.hexdigest()),
                size=self._size,
            ),
            diff_id=Digest(self._diff.hexdigest()),
            created_by=created_by,
        )
        return layer, Contents(items=tuple(self._items.values()), objects=self._objects)

    def _copy(
        self,
        path: str,
        packed: Iterable[bytes],
        *,
        size: int,
        crc: int,
        also: "hashlib._Hash | None",
    ) -> Digest:
        hasher, tap = hashlib.sha256(), Tap()
        inflater = isal_zlib.decompressobj(_RAW_DEFLATE)
        seen_crc = seen_size = 0
        for piece in packed:
            self._write_packed(piece)
            rest = piece
            while rest:
                data = inflater.decompress(rest, _WINDOW)
                rest = inflater.unconsumed_tail
                seen_size += len(data)
                if seen_size > size:
                    raise ArchiveError("the file is longer than its zip says", where=path)
                seen_crc = isal_zlib.crc32(data, seen_crc)
                hasher.update(data)
                self._diff.update(data)
                tap.feed(data)
                if also is not None:
                    also.update(data)
                if not data:
                    break
        if not inflater.eof or inflater.unused_data or (seen_size, seen_crc) != (size, crc):
            raise ArchiveError("the file is damaged: its CRC or size is wrong", where=path)
        self._note_object(path, tap)
        return Digest(hasher.hexdigest())

    def _note_object(self, path: str, tap: Tap) -> None:
        found = tap.result()
        if isinstance(found, Needs):
            self._objects[path] = found

    def _has_directory(self, entry: Entry) -> bool:
        known = self._items.get(entry.path)
        return known is not None and (known.kind, known.mode) == ("directory", entry.mode)

    def _add_item(self, entry: Entry, *, size: int, digest: Digest, owner: str) -> None:
        hex_digest = digest.hex if entry.kind == "file" else ""
        self._items[entry.path] = Item(
            entry.path, entry.kind, entry.mode, size, hex_digest, entry.target, owner
        )

    def _write_header(self, entry: Entry, size: int, owner: str) -> None:
        if entry.path in self._items:
            other = self._items[entry.path].owner
            raise ArchiveError(f"{entry.path} is added twice", why=f"by {other} and by {owner}")
        self._add_parents(entry.path)
        self._write_plain(
            tar.header(
                entry.path,
                kind=_KINDS[entry.kind],
                mode=entry.mode,
                size=size,
                target=entry.target,
            )
        )

    def _add_parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if not parent:
            return
        known = self._items.get(parent)
        if known is None:
            self.add(Entry(path=parent, kind="directory", mode=0o755))
        elif known.kind != "directory":
            raise ArchiveError(f"{parent} is a {known.kind}, and {path} needs it as a directory")

    def _write_plain(self, data: bytes) -> None:
        self._plain.append(data)
        self._plain_size += len(data)
        if self._plain_size >= _FLUSH:
            self._encode_plain()

    def _encode_plain(self) -> None:
        if self._plain_size:
            data = b"".join(self._plain)
            self._plain, self._plain_size = [], 0
            self._diff.update(data)
            self._write_packed(self._encode(data))

    def _write_packed(self, data: bytes) -> None:
        self._packed.append(data)
        self._packed_size += len(data)
        if self._packed_size >= _FLUSH:
            self._flush_packed()

    def _flush_packed(self) -> None:
        data = b"".join(self._packed)
        self._packed, self._packed_size = [], 0
        self._size += len(data)
        self._blob.update(data)
        self._file.write(data)
