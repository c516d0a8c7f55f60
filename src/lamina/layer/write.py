"""LayerWriter: entries in, a gzipped tar out, and both digests, in one pass."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import BinaryIO

from lamina.elf.needs import Needs
from lamina.elf.tap import Tap, needs_of
from lamina.errors import ArchiveError
from lamina.layer import gzip_members, tar
from lamina.layer.clashes import DROP_ONE, Clash, clash_error, is_same, loses_execute_bit
from lamina.layer.contents import Contents, Item
from lamina.layer.inflate import inflate
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry, Kind
from lamina.oci.layer import Layer

Encode = Callable[[bytes], bytes]
"""Turn plain bytes into one or more gzip members."""

_FLUSH = 1 << 20
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
        self._clashes: list[Clash] = []

    def add(self, entry: Entry, *, owner: str = "") -> Digest:
        """Add an entry whose data is at hand; return the digest of its data.

        Raises ``ArchiveError`` if the path was added before (layer.md forbids duplicates).  What
        may come again, and is written once, is a directory with the same mode, and a file from
        another owner, whose clash with the first is told by :meth:`finish`.
        """
        digest = self._digest(entry)
        if entry.path in self._items:
            self._check_same(entry, digest, owner)
            return digest
        self._write_header(entry, len(entry.data), owner)
        self._add_item(entry, size=len(entry.data), digest=digest, owner=owner)
        if entry.data:
            self._write_plain(entry.data + tar.padding(len(entry.data)))
            tap = Tap()
            tap.feed(entry.data)
            self._note_object(entry.path, tap, lambda: [entry.data])
        return digest

    def pour(
        self, entry: Entry, pieces: Iterable[bytes], *, size: int, encode: Encode, owner: str = ""
    ) -> Digest:
        """Add a file of ``size`` bytes that is too large to be at hand, each piece by ``encode``.

        Of a shared object whose tables are large ``pieces`` is gone through more than once.  Raises
        ``ArchiveError`` if the path was added before, and for more bytes or fewer.
        """
        if entry.path in self._items:
            raise ArchiveError(f"/{entry.path} is added twice")
        hasher, tap, left = hashlib.sha256(), Tap(), size
        self._write_header(entry, size, owner)
        self._encode_plain()
        for piece in pieces:
            left -= len(piece)
            for sink in (hasher.update, self._diff.update, tap.feed):
                sink(piece)
            self._write_packed(encode(piece))
        if left:
            raise ArchiveError("a file has another size than was said", where=f"/{entry.path}")
        self._write_plain(tar.padding(size))
        self._note_object(entry.path, tap, lambda: pieces)
        digest = Digest(hasher.hexdigest())
        self._add_item(entry, size=size, digest=digest, owner=owner)
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
        where: str = "",
    ) -> Digest:
        """Add a file whose raw deflate stream exists; ``packed`` yields it in pieces.

        The stream is inflated only to compute digests; its bytes go into the layer as they are.
        Of a shared object whose tables are large ``packed`` is gone through more than once.
        ``also`` is updated with the file's bytes too.  Raises ``ArchiveError``, naming ``where``,
        when the stream does not hold exactly ``size`` bytes with the CRC-32 ``crc``, and as
        :meth:`add` does.
        """
        hasher, tap = hashlib.sha256(), Tap()
        sinks = [hasher.update, *([also.update] if also else [])]
        is_new = entry.path not in self._items
        if is_new:
            self._write_header(entry, size, owner)
            sinks.append(self._diff.update)
        is_copied = is_new and size > 0  # an empty file has no data, and its stream no place
        if is_copied:
            self._encode_plain()
            self._write_packed(gzip_members.MEMBER_HEADER)
        plain = partial(inflate, size=size, crc=crc, where=where or entry.path)
        for data in plain(self._copied(packed) if is_copied else packed):
            for sink in sinks:
                sink(data)
            if tap.is_curious:
                tap.feed(data)
        digest = Digest(hasher.hexdigest())
        if not is_new:
            self._check_same(entry, digest, owner)
            return digest
        if is_copied:
            self._write_packed(gzip_members.trailer(crc, size))
            self._write_plain(tar.padding(size))
        self._note_object(entry.path, tap, lambda: plain(packed))
        self._add_item(entry, size=size, digest=digest, owner=owner)
        return digest

    def holds(self, path: str) -> bool:
        """Say whether there is an entry at ``path``."""
        return path in self._items

    def finish(self, *, created_by: str) -> tuple[Layer, Contents]:
        """End the archive and return the layer; the caller keeps or drops the file.

        Raises ``InputError`` naming the files of which two owners brought different ones.
        """
        if self._clashes:
            raise clash_error(self._clashes)
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

    def _copied(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._write_packed(piece)
            yield piece

    def _note_object(self, path: str, tap: Tap, again: Callable[[], Iterable[bytes]]) -> None:
        needs = needs_of(tap.result(), again, where=f"/{path}")
        if needs is not None:
            self._objects[path] = needs

    def _digest(self, entry: Entry) -> Digest:
        """Return the digest of what is at a path: of a hard link, that of the file it repeats."""
        target = self._items.get(entry.target) if entry.kind == "hardlink" else None
        return Digest(target.digest) if target and target.digest else Digest.of(entry.data)

    def _check_same(self, entry: Entry, digest: Digest, owner: str) -> None:
        """Accept a second entry of one path where nothing depends on which of the two counts."""
        known = self._items[entry.path]
        if entry.kind == known.kind == "directory" and entry.mode == known.mode:
            return
        if owner == known.owner or entry.kind == known.kind == "directory":
            raise ArchiveError(
                f"/{entry.path} is added twice",
                why=f"it comes from {self._owner_of(entry.path)} and from {owner}",
            )
        new = self._item(entry, 0, digest, owner)
        is_program = is_same(known, new) and loses_execute_bit(known, new)
        if is_program or not is_same(known, new):
            first = self._owner_of(entry.path)
            clash = Clash(path=entry.path, one=first, other=owner, is_program=is_program)
            self._clashes.append(clash)

    def _owner_of(self, path: str) -> str:
        """Say who brought the path; for a directory, who brought the first file in it."""
        inside = (i.owner for i in self._items.values() if i.path.startswith(f"{path}/"))
        return self._items[path].owner or next((owner for owner in inside if owner), "")

    def _add_item(self, entry: Entry, *, size: int, digest: Digest, owner: str) -> None:
        self._items[entry.path] = self._item(entry, size, digest, owner)

    def _item(self, entry: Entry, size: int, digest: Digest, owner: str) -> Item:
        hex_digest = digest.hex if entry.kind in {"file", "hardlink"} else ""
        return Item(entry.path, entry.kind, entry.mode, size, hex_digest, entry.target, owner)

    def _write_header(self, entry: Entry, size: int, owner: str) -> None:
        self._add_parents(entry.path, owner)
        self._write_plain(
            tar.header(
                entry.path,
                kind=_KINDS[entry.kind],
                mode=entry.mode,
                size=size,
                target=entry.target,
            )
        )

    def _add_parents(self, path: str, owner: str) -> None:
        parent = path.rpartition("/")[0]
        if not parent:
            return
        known = self._items.get(parent)
        if known is None:
            self.add(Entry(path=parent, kind="directory", mode=0o755))
        elif known.kind != "directory":
            raise ArchiveError(
                f"/{parent} is a {known.kind}, and /{path} needs it as a directory",
                why=f"they come from {known.owner} and from {owner}",
                hint=DROP_ONE,
            )

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
        if len(data) >= _FLUSH // 2:  # too large to be copied together with what is there
            self._flush_packed()
            self._flush(data)
            return
        self._packed.append(data)
        self._packed_size += len(data)
        if self._packed_size >= _FLUSH:
            self._flush_packed()

    def _flush_packed(self) -> None:
        packed, self._packed, self._packed_size = self._packed, [], 0
        self._flush(b"".join(packed))

    def _flush(self, data: bytes) -> None:
        self._size += len(data)
        self._blob.update(data)
        self._file.write(data)
