"""Stores with something in them, and what the disk says of them."""

import os
import time
from pathlib import Path

from lamina.layer.contents import Contents
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.store.store import Store
from lamina.testing.images import Memory, toy_image

LONG_AGO = 1_000_000_000
"""Seconds since the epoch."""

DAY = 24 * 3600


def reopened(store: Store) -> Store:
    """End this process's use of a store and open it anew, as the next command would."""
    store.uses.end()
    time.sleep(0.02)  # the kernel's clock for files ticks a hundred times a second or more
    return Store.open(store.root)


def keep_image(store: Store, name: str, *layers: str) -> Image:
    """Keep a named image with a layer for each word, as a build does."""
    memory = Memory()
    image = toy_image(memory, *layers)
    for layer in image.layers:
        with memory.open(layer.descriptor) as file:
            keep_layer(store, layer, file.read())
    store.blobs.add(image.config_bytes, media_type=image.config.media_type)
    store.blobs.add(image.manifest_bytes, media_type=image.descriptor.media_type)
    if name:
        store.remember("name", name, image.descriptor.to_json())
    return image


def keep_layer(store: Store, layer: Layer, data: bytes) -> None:
    """Keep a layer as the engine does."""
    store.blobs.add(data, media_type=layer.descriptor.media_type)
    store.remember_layer(f"key of {layer.diff_id}", layer, Contents())


def loose_layer(store: Store, word: str) -> Layer:
    """Keep a layer that no image has."""
    data = word.encode() * 5000
    descriptor = Descriptor(
        media_type=media_type.LAYER_GZIP, digest=Digest.of(data), size=len(data)
    )
    layer = Layer(descriptor=descriptor, diff_id=Digest.of(b"tar of " + data), created_by=word)
    keep_layer(store, layer, data)
    return layer


def keep_wheel(store: Store, data: bytes) -> Path:
    """Keep something as a wheel."""
    path = store.wheel_path(Digest.of(data))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def age(store: Store) -> None:
    """Make everything look as if it was used long ago."""
    for path in store.root.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def on_disk(*folders: Path) -> int:
    """Return the bytes that the files below some folders take, as `du` counts."""
    files = (path for folder in folders for path in folder.rglob("*") if not path.is_dir())
    return sum(path.lstat().st_blocks * 512 for path in files)
