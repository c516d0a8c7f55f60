"""Take what BuildKit exported into the store, every blob checked."""

import hashlib
from dataclasses import replace
from pathlib import Path

from lamina.durable import incoming
from lamina.errors import IntegrityError
from lamina.layout.read import Layout, find_image
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.plan.plan import BuildPlan
from lamina.store.store import Store

_CHUNK = 1 << 20


def adopt(directory: Path, plan: BuildPlan, store: Store) -> tuple[Image, frozenset[str]]:
    """Read the image of an OCI layout, and move its layers into the store.

    Returns the image, created when the plan says so, and the digests of those layers that the
    store had already.  Raises ``ImageError`` and ``IntegrityError``.
    """
    found = find_image(directory, "", plan.base.platform)
    image = replace(found, created=plan.created)
    layout = Layout(directory)
    known = frozenset(
        str(layer.descriptor.digest) for layer in image.layers if store.blobs.has(layer.descriptor)
    )
    for layer in image.layers:
        if not store.blobs.has(layer.descriptor):
            _move(layer.descriptor, layout, store)
    store.blobs.add(image.config_bytes, media_type=image.config.media_type)
    return image, known


def _move(descriptor: Descriptor, layout: Layout, store: Store) -> None:
    hasher = hashlib.sha256()
    with layout.open(descriptor) as source, incoming(store.ingest) as new:
        while data := source.read(_CHUNK):
            hasher.update(data)
            new.file.write(data)
        if hasher.hexdigest() != descriptor.digest.hex:
            raise IntegrityError(
                "a layer from BuildKit does not have its digest", where=str(descriptor.digest)
            )
        new.commit(store.blobs.path(descriptor.digest))
    Path(source.name).unlink()  # else the image is on the disk twice
