"""Store: blobs, wheels, finished layers and remembered decisions, in one directory."""

import os
from pathlib import Path

from lamina.durable import incoming
from lamina.errors import StoreError
from lamina.layer.contents import Contents
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.store.blobs import Blobs
from lamina.store.table import Table
from lamina.store.uses import Uses

_VERSION = "1"

NAMES = "name"
"""The topic of remembered names of images."""

ELSEWHERE = "blob elsewhere"
"""The topic of the repositories that have blobs; see :mod:`lamina.store.elsewhere`."""

RELEASE_DATES = "debian release date"
"""The topic of the dates that archives may not go back behind; they cannot be made again."""


class Store:
    """The local content-addressed store, the only cache.

    Everything in it can be made again, except what ``RELEASE_DATES`` remember.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ingest = root / "ingest"
        self.uses = Uses(root)
        self.blobs = Blobs(root / "blobs", self.ingest, self.uses)
        self._layers = Table(root / "layers", self.ingest, self.uses)
        self._contents = Table(root / "contents", self.ingest, self.uses)
        self._memory = Table(root / "memory", self.ingest, self.uses)

    @classmethod
    def open(cls, root: Path) -> "Store":
        """Open the store at ``root``, making it when it is new.

        Raises ``StoreError`` when it cannot be made, belongs to another user, or is newer.
        """
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = root.stat().st_uid
            version = _read_version(root / "version")
        except OSError as error:
            raise StoreError(
                f"cannot open the store: {error.strerror or error}",
                where=str(root),
                hint="set LAMINA_STORE to a directory that you can write to",
            ) from error
        if owner != os.geteuid():
            raise StoreError(
                "the store belongs to another user",
                where=str(root),
                hint="set LAMINA_STORE to a directory of your own",
            )
        store = cls(root)
        if not version:
            # Written aside and renamed, because another process may open the store just now.
            with incoming(store.ingest) as new:
                new.file.write(_VERSION.encode() + b"\n")
                new.commit(root / "version", durable=False, mode=0o644)
        elif version != _VERSION:
            raise StoreError(
                f"the store has version {version}, and this Lamina knows {_VERSION}",
                where=str(root),
                hint="update Lamina, or set LAMINA_STORE to another directory",
            )
        store.uses.begin()
        return store

    def note(self, path: Path) -> bool:
        """Say whether a file or folder of the store is there, and if so that it is used."""
        return self.uses.note(path)

    def wheel_path(self, digest: Digest) -> Path:
        """Say where the wheel with this digest is, or would be; whoever asks is going to use it."""
        path = self.root / "wheels" / f"{digest.hex}.whl"
        self.uses.note(path)
        return path

    def file_path(self, digest: Digest) -> Path:
        """Say where another downloaded file (an sdist) is, or would be; it is going to be used."""
        path = self.root / "files" / digest.hex
        self.uses.note(path)
        return path

    def find_layer(self, key: str) -> tuple[Layer, Contents] | None:
        """Return the finished layer with this key, if its blob is still there."""
        layer = self.known_layer(key)
        if layer is None:
            return None
        contents = self._contents.get(str(layer.diff_id))
        if contents is None or not self.blobs.has(layer.descriptor):
            return None
        return layer, Contents.from_json(contents)

    def known_layer(self, key: str) -> Layer | None:
        """Return the layer with this key, whether its blob is there or not."""
        row = self._layers.get(key)
        if row is None:
            return None
        return Layer(
            descriptor=Descriptor.from_json(row["descriptor"]),
            diff_id=Digest.parse(row["diffId"]),
            created_by=row["createdBy"],
        )

    def has_layer(self, key: str) -> bool:
        """Say whether the layer with this key is there, blob and all."""
        layer = self.known_layer(key)
        return layer is not None and self.is_whole(layer)

    def is_whole(self, layer: Layer) -> bool:
        """Say whether a layer's blob is there, and what it holds is known."""
        return self.blobs.has(layer.descriptor) and self._contents.has(str(layer.diff_id))

    def contents(self, layer: Layer) -> Contents:
        """Return what a layer of the store holds; nothing where that was never recorded."""
        row = self._contents.get(str(layer.diff_id))
        return Contents() if row is None else Contents.from_json(row)

    def remember_layer(self, key: str, layer: Layer, contents: Contents) -> None:
        """Keep a finished layer under its key; equal keys mean equal bytes."""
        self._contents.put(str(layer.diff_id), contents.to_json())
        self._layers.put(
            key,
            {
                "descriptor": layer.descriptor.to_json(),
                "diffId": str(layer.diff_id),
                "createdBy": layer.created_by,
            },
        )

    def recall(self, topic: str, key: str) -> object:
        """Return what was remembered about ``key`` (a JSON value), or None."""
        return self._memory.get(f"{topic}\n{key}")

    def remember(self, topic: str, key: str, value: object) -> None:
        """Remember a JSON value; a prune forgets it, unless the topic is ``RELEASE_DATES``."""
        self._memory.put(f"{topic}\n{key}", value)


def _read_version(marker: Path) -> str:
    """Read the version; empty for a new store, or where a crash cut the file short."""
    try:
        return marker.read_bytes().decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
