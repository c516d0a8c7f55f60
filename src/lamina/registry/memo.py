"""The registry as the cache: what is known of layers, kept beside the images that have them.

A repository's memo is an artifact under the tag ``lamina-memo``: its first layer is the document,
the others are the contents of the layers that the document names, so that a registry keeps them
as long as the memo.  See :mod:`lamina.registry.memo_document` for why it can be trusted.
"""

import hashlib
import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from lamina.errors import ImageError, IntegrityError, LaminaError
from lamina.image.load import read_blob
from lamina.layer.contents import Contents
from lamina.layer.memo import Finished
from lamina.oci import media_type
from lamina.oci.annotations import MEMO_SEAL
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.oci.members import text_table
from lamina.oci.parse import parse_manifest
from lamina.parallel import map_ordered
from lamina.protocols import Content
from lamina.registry.client import RegistryClient
from lamina.registry.error import MissingError, RefusedError
from lamina.registry.memo_document import (
    LARGEST_CONTENTS,
    LARGEST_DOCUMENT,
    Fact,
    FactKey,
    MemoDocument,
    MemoRow,
    check_seal,
    pack_contents,
    seal,
    unpack_contents,
)
from lamina.registry.pull import RemoteContent
from lamina.registry.upload import Uploader
from lamina.steps import Step

TAG: Final = "lamina-memo"

_WORKERS = 4
_NOTHING = b"{}"

OpenClient = Callable[[], RegistryClient]

_Noted = tuple[Layer, Callable[[], Contents]]


class RegistryMemo:
    """The memos of some repositories: ``sources`` are read, ``targets`` are written.

    ``copies`` are targets that get the layers, too, so that they do not depend on an image being
    kept elsewhere.  ``key`` is the team's.  Safe to share between threads.
    """

    remembers = True

    def __init__(
        self,
        key: bytes,
        *,
        sources: Mapping[str, OpenClient],
        targets: Mapping[str, OpenClient],
        copies: Mapping[str, OpenClient],
    ) -> None:
        self._key = key
        self._sources = sources
        self._targets = targets
        self._copies = copies
        self._rows: dict[str, _Noted] = {}
        self._facts: dict[FactKey, tuple[Fact, Path | None]] = {}
        self._lock = threading.Lock()
        self._read: list[_Memo] | None = None

    def find(self, keys: Sequence[str], step: Step) -> Mapping[str, Finished]:
        """Return the layers that a source knows, their contents fetched and checked."""
        wanted = [
            (key, memo)
            for key in keys
            if (memo := next((m for m in self._memos(step) if key in m.document.rows), None))
        ]
        found = map_ordered(lambda pair: pair[1].layer(pair[0], step), wanted, workers=_WORKERS)
        return {key: finished for (key, _), finished in zip(wanted, found, strict=True) if finished}

    def find_fact(self, topic: str, key: str, step: Step) -> object:
        """Return what was found out last, by whichever source."""
        facts = [memo.document.facts.get((topic, key)) for memo in self._memos(step)]
        known = [fact for fact in facts if fact is not None]
        return max(known, key=lambda fact: fact.since).value if known else None

    def has_file(self, digest: Digest) -> bool:
        """Say whether a source has the file of a fact, and gives it out."""
        return any(memo.has_file(digest) for memo in self._read or ())

    def open_file(self, digest: Digest) -> BinaryIO | None:
        """Open the file of a fact that was found."""
        files = (memo.open_file(digest) for memo in self._read or ())
        return next((file for file in files if file is not None), None)

    def keep(self, key: str, layer: Layer, read: Callable[[], Contents]) -> None:
        """Note a layer for :meth:`save`."""
        with self._lock:
            self._rows[key] = (layer, read)

    def keep_fact(
        self, topic: str, key: str, value: object, *, since: float = 0.0, file: Path | None = None
    ) -> None:
        """Note a fact for :meth:`save`."""
        with self._lock:
            self._facts[topic, key] = (Fact(value=value, since=since), file)

    def save(self, content: Content, step: Step) -> None:
        """Bring every target up to date; one that refuses is a warning, for the image is there."""
        for name, open_client in {**self._targets, **self._copies}.items():
            try:
                client = open_client()
                if name in self._copies:
                    self._copy_layers(client, content)
                self._save(client, step)
            except (LaminaError, OSError) as error:
                step.warn(f"what was built is not remembered in {name}: {error}")

    def _memos(self, step: Step) -> list["_Memo"]:
        with self._lock:
            if self._read is None:
                found = (_opened(name, opener, self._key, step)
                         for name, opener in self._sources.items())  # fmt: skip
                self._read = [memo for memo in found if memo]
            return self._read

    def _copy_layers(self, client: RegistryClient, content: Content) -> None:
        uploader = Uploader(client)
        layers = [layer.descriptor for layer, _ in self._rows.values()]
        map_ordered(lambda blob: uploader.transfer(blob, content.open), layers, workers=_WORKERS)

    def _save(self, client: RegistryClient, step: Step) -> None:
        old = _read(client, self._key, step)
        if old is None:
            return  # it is somebody else's
        keeping = _Keeping(client)
        rows = {key: row for key, row in self._rows.items() if not _is_known(old, key, row[0])}
        facts = {key: fact for key, fact in self._facts.items() if _is_news(old, key, fact[0])}
        if not rows and not facts:
            return
        new = keeping.document(rows, facts)
        used = MemoDocument(
            rows={key: row for key, row in old.rows.items() if key in self._rows},
            facts={key: fact for key, fact in old.facts.items() if key in self._facts},
        ).with_front(new.rows, new.facts)
        try:
            _write(client, old.with_front(used.rows, used.facts), self._key)
        except RefusedError as error:
            if "UNKNOWN" not in error.said:
                raise
            # Something that the old memo holds is gone from the registry: begin a new one.
            _write(client, keeping.document(self._rows, self._facts), self._key)


class _Memo:
    """A memo that was read, and where it is."""

    def __init__(self, name: str, client: RegistryClient, document: MemoDocument) -> None:
        self.document = document
        self._name = name
        self._client = client

    def has_file(self, digest: Digest) -> bool:
        found = self._file(digest)
        try:
            if found is not None:
                self._client.get_blob(found).close()
        except LaminaError:
            return False
        return found is not None

    def open_file(self, digest: Digest) -> BinaryIO | None:
        found = self._file(digest)
        return RemoteContent(self._client).open(found) if found else None

    def _file(self, digest: Digest) -> Descriptor | None:
        files = (fact.file for fact in self.document.facts.values() if fact.file)
        return next((file for file in files if file.digest == digest), None)

    def layer(self, key: str, step: Step) -> Finished | None:
        row = self.document.rows[key]
        try:
            if row.contents.size > LARGEST_CONTENTS:
                raise ImageError("the contents of a layer are too large")
            return row.layer, unpack_contents(read_blob(RemoteContent(self._client), row.contents))
        except LaminaError as error:
            step.warn(f"the memo of {self._name} does not help with a layer: {error}")
            return None


class _Keeping:
    """Puts the contents of layers, and files, into a repository."""

    def __init__(self, client: RegistryClient) -> None:
        self._uploader = Uploader(client)

    def document(
        self, rows: Mapping[str, _Noted], facts: Mapping[FactKey, tuple[Fact, Path | None]]
    ) -> MemoDocument:
        made = map_ordered(self._row, rows.values(), workers=_WORKERS)
        return MemoDocument(
            rows=dict(zip(rows, made, strict=True)),
            facts={key: self._fact(*fact) for key, fact in facts.items()},
        )

    def _row(self, noted: _Noted) -> MemoRow:
        layer, read = noted
        blob = _keep(self._uploader, pack_contents(read()), media_type.MEMO_CONTENTS)
        return MemoRow(layer=layer, contents=blob)

    def _fact(self, fact: Fact, path: Path | None) -> Fact:
        return fact if path is None else replace(fact, file=self._file(path))

    def _file(self, path: Path) -> Descriptor:
        with path.open("rb") as file:
            digest = Digest(hashlib.file_digest(file, "sha256").hexdigest())
        size = path.stat().st_size
        described = Descriptor(media_type=media_type.MEMO_FILE, digest=digest, size=size)
        self._uploader.transfer(described, lambda _: path.open("rb"))
        return described


def _is_known(old: MemoDocument, key: str, layer: Layer) -> bool:
    """Say whether a row is there and right; one that names another layer is replaced."""
    return key in old.rows and old.rows[key].layer == layer


def _is_news(old: MemoDocument, key: FactKey, fact: Fact) -> bool:
    known = old.facts.get(key)
    return known is None or (known.value != fact.value and known.since <= fact.since)


def _opened(name: str, opener: OpenClient, key: bytes, step: Step) -> _Memo | None:
    try:
        client = opener()
        document = _read(client, key, step)
        return _Memo(name, client, document) if document else None
    except LaminaError as error:
        step.warn(f"the memo of {name} cannot be read: {error}")
        return None


def _read(client: RegistryClient, key: bytes, step: Step) -> MemoDocument | None:
    """Read a repository's memo; an empty one where there is none, None for one that is not ours.

    Whoever has mistyped the key must not overwrite what the others remember.
    """
    try:
        descriptor, data = client.get_manifest(TAG)
    except MissingError:
        return MemoDocument()
    where = f"{client.place}:{TAG}"
    try:
        return _opened_seal(RemoteContent(client), data, key, where=where)
    except (ImageError, IntegrityError) as error:
        step.warn(
            f"the memo {where}, {descriptor.digest.short}, is not used: {error.what}; "
            "where the key was changed, delete the tag to begin a new one"
        )
        return None


def _opened_seal(content: Content, manifest: bytes, key: bytes, *, where: str) -> MemoDocument:
    _, blobs = parse_manifest(manifest, where=where, any_layers=True)
    value = json.loads(manifest)
    if value.get("artifactType") != media_type.MEMO or not blobs:
        raise ImageError("it is another kind of thing", where=where)
    if blobs[0].size > LARGEST_DOCUMENT:
        raise ImageError(f"it is larger than {LARGEST_DOCUMENT} bytes", where=where)
    data = read_blob(content, blobs[0])
    check_seal(data, text_table(value, "annotations").get(MEMO_SEAL, ""), key)
    return MemoDocument.from_bytes(data)


def _write(client: RegistryClient, document: MemoDocument, key: bytes) -> None:
    uploader, data = Uploader(client), document.to_bytes()
    described = _keep(uploader, data, media_type.MEMO_DOCUMENT)
    nothing = _keep(uploader, _NOTHING, media_type.EMPTY)
    manifest = canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": media_type.MANIFEST,
            "artifactType": media_type.MEMO,
            "config": nothing.to_json(),
            "layers": [described.to_json(), *(blob.to_json() for blob in document.blobs)],
            "annotations": {MEMO_SEAL: seal(data, key)},
        }
    )
    client.put_manifest(TAG, _describe(manifest, media_type.MANIFEST), manifest)


def _keep(uploader: Uploader, data: bytes, kind: str) -> Descriptor:
    descriptor = _describe(data, kind)
    uploader.transfer(descriptor, lambda _: io.BytesIO(data))
    return descriptor


def _describe(data: bytes, kind: str) -> Descriptor:
    return Descriptor(media_type=kind, digest=Digest.of(data), size=len(data))
