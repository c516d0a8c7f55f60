"""Write an OCI image layout (image-layout.md); a crash leaves the old one."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from lamina.durable import incoming
from lamina.errors import IntegrityError, StoreError
from lamina.image.blobs import documents, layer_descriptors
from lamina.layout.read import qualified, read_index_json
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.protocols import Content

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"
CONTAINERD_NAME = "io.containerd.image.name"
_COPY = 1 << 20


class Writer(Protocol):
    """What bytes can be written to: a file, or something on its way to another program."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""


def index_json(image: Image | Index, names: tuple[str, ...], others: list[dict[str, Any]]) -> bytes:
    """Write index.json: ``image`` once under each of ``names``, after the ``others`` that stay."""
    rows = list(others)
    for name in names or ("",):
        row = image.descriptor.to_json()
        if name:
            row["annotations"] = {CONTAINERD_NAME: qualified(name), REF_NAME: _tag(name)}
        rows.append(row)
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": rows,
        }
    )


def write_layout(
    directory: Path, image: Image | Index, content: Content, *, names: tuple[str, ...]
) -> None:
    """Add ``image`` to the layout at ``directory``, making the layout when it is new.

    An older image of the same name is replaced, and by one without a name an older one without;
    its blobs stay.  ``index.json`` comes last and at once, so readers see the old state or the new
    one; of several that write at the same time each waits for the others.

    Blobs may be the store's own files under a second name: to change one in place changes both.
    """
    _others(directory, names)  # an index that cannot be read is told before anything is written
    blobs = directory / "blobs" / "sha256"
    ingest = directory / "blobs"
    try:
        blobs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(directory)) from error
    for descriptor in layer_descriptors(image):
        _place(blobs / descriptor.digest.hex, descriptor, content, ingest)
    for descriptor, data in documents(image).items():
        _write(blobs / descriptor.digest.hex, data, ingest)
    _write(directory / "oci-layout", LAYOUT, ingest)
    with _alone(directory):
        others = _others(directory, names)
        _write(directory / "index.json", index_json(image, names, others), ingest)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep others from writing the index; on a disk that knows no locks nobody is kept."""
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def copy_blob(source: BinaryIO, destination: Writer, descriptor: Descriptor) -> None:
    """Copy a blob; raise ``IntegrityError`` when the disk no longer holds what was stored."""
    hasher, left = hashlib.sha256(), descriptor.size
    while left and (chunk := source.read(min(_COPY, left))):
        hasher.update(chunk)
        destination.write(chunk)
        left -= len(chunk)
    if left or hasher.hexdigest() != descriptor.digest.hex:
        raise IntegrityError(
            "a blob does not have its digest",
            where=getattr(source, "name", None) or str(descriptor.digest),
            hint="delete it, and build again with --no-cache",
        )


def _others(directory: Path, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the rows that stay: those of other names."""
    if not (directory / "index.json").exists():
        return []
    replaced = {qualified(name) for name in names or ("",)}
    return [row.to_json() for row in read_index_json(directory) if _name(row) not in replaced]


def _name(row: Descriptor) -> str:
    """Name a row in full, whoever wrote it; empty for an image without a name."""
    return qualified(row.annotations.get(CONTAINERD_NAME) or row.annotations.get(REF_NAME) or "")


def _tag(name: str) -> str:
    """Return the tag alone, which is what skopeo looks for; a name without one as it is."""
    return name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else name


def _place(path: Path, descriptor: Descriptor, content: Content, ingest: Path) -> None:
    """Give the layout a blob: a second name for the store's file where that is possible."""
    if path.exists() and path.stat().st_size == descriptor.size:
        return
    with content.open(descriptor) as source:
        try:
            os.link(source.name, path)
        except (OSError, AttributeError, TypeError):
            with incoming(ingest) as new:
                copy_blob(source, new.file, descriptor)
                new.commit(path)


def _write(path: Path, data: bytes, ingest: Path) -> None:
    with incoming(ingest) as new:
        new.file.write(data)
        new.commit(path, mode=0o644)
