"""The root directory of an image, unpacked once and kept in the store while it is used."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lamina.oci.image import Image
from lamina.protocols import Content
from lamina.rootfs.unpack import unpack
from lamina.store.store import Store


@contextmanager
def unpacked(image: Image, content: Content, store: Store) -> Iterator[Path]:
    """Unpack ``image`` into a directory that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="rootfs-", dir=_directory(store)) as folder:
        root = Path(folder) / "root"
        with ExitStack() as stack:
            streams = (
                stack.enter_context(content.open(layer.descriptor)) for layer in image.layers
            )
            unpack(streams, root)
        Path(folder).chmod(0o755)  # the image's own user has to get through
        yield root


def _directory(store: Store) -> Path:
    path = store.root / "rootfs"
    path.mkdir(exist_ok=True)
    return path
