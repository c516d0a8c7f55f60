"""The registry as the cache: what is known of layers, kept beside the images that have them.

A repository's memo is an artifact under the tag ``lamina-memo``: its first layer is the document,
the others are the contents of the layers that the document names, so that a registry keeps them
as long as the memo.  See :mod:`lamina.registry.memo_document` for why it can be trusted.
"""

import hashlib
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from lamina.errors import LaminaError
from lamina.layer.contents import Contents
from lamina.layer.memo import Finished
from lamina.oci import media_type
from lamina.oci.annotations import MEMO_SEAL
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.parallel import map_ordered
from lamina.protocols import Content
from lamina.registry.client import RegistryClient
from lamina.registry.error import RefusedError
from lamina.registry.memo_document import (
    Fact,
    FactKey,
    MemoDocument,
    MemoRow,
    pack_contents,
    seal,
)
from lamina.registry.memo_reading import TAG, OpenClient, ReadMemo, opened_memo, read_memo
from lamina.registry.upload import Uploader
from lamina.steps import Step

_WORKERS = 4
_NOTHING = b"{}"

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
        self._read: list[ReadMemo] | None = None

    def find(self, keys: Sequence[str], step: Step) -> Mapping[str, Finished]:
        """Return the layers that a source knows, their contents fetched and checked."""
        wanted = [
            (key, memo)
            for key in keys
            if (memo := next((m for m in self._memos(step) if key in m.document.rows), None))
        ]
        found = map_ordered(lambda pair: pair[1].layer(pair[0], step), wanted, workers=_WORKERS)
        return {key: finished for (key, _), finished in zip(wanted, found, strict=True) if finished}

    def places(self, key: str) -> Sequence[str]:
        """List the repositories whose memos know the layer."""
        return [memo.name for memo in self._read or () if key in memo.document.rows]

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

    def _memos(self, step: Step) -> list[ReadMemo]:
        with self._lock:
            if self._read is None:
                found = (opened_memo(name, opener, self._key, step)
                         for name, opener in self._sources.items())  # fmt: skip
                self._read = [memo for memo in found if memo]
            return self._read

    def _copy_layers(self, client: RegistryClient, content: Content) -> None:
        uploader = Uploader(client)
        layers = [layer.descriptor for layer, _ in self._rows.values()]
        map_ordered(lambda blob: uploader.transfer(blob, content.open), layers, workers=_WORKERS)

    def _save(self, client: RegistryClient, step: Step) -> None:
        old = read_memo(client, self._key, step)
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
            anew = keeping.document(self._rows, self._facts)
            _write(client, MemoDocument().with_front(anew.rows, anew.facts), self._key)


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
