"""Destination ``docker-daemon:REFERENCE``: an engine on this machine, given what it lacks."""

import contextlib
from collections.abc import Callable, Collection, Sequence

from lamina.destinations.held_layers import held_layers
from lamina.destinations.local_engine import EngineRefusedError, LocalEngine
from lamina.errors import ImageError, LaminaError
from lamina.events import ImagePublished
from lamina.image.blobs import documents, images_of, layer_descriptors
from lamina.image.load import fits, read_blob
from lamina.layout.archive import pour_archive
from lamina.layout.write import Writer
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.reference import Reference
from lamina.protocols import Content
from lamina.steps import Step
from lamina.store.store import Store


class DaemonDestination:
    """An engine, and the names that the image gets there.

    The engine's images are known to ``store``, manifest and config, when they were made here;
    so it is known which layers need not be sent.
    """

    def __init__(self, engine: LocalEngine, names: Sequence[Reference], store: Store) -> None:
        self._engine = engine
        self._names = names
        self._store = store

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Load the image without a name, and name it when all of it is there.

        A load that fails then leaves every name where it was.  Of several platforms the engine
        gets its own.
        """
        with step:
            single = _fitting(image, self._engine)
            ids = (single.descriptor.digest, single.config.digest)
            known = self._engine.image_ids()
            if known.isdisjoint(ids):
                self._load(single, content, known, step)
            else:
                step.cached()
            for descriptor, data in documents(single).items():
                self._store.blobs.add(data, media_type=descriptor.media_type)
            for name in self._names:
                self._engine.tag(ids, name)
                shown = f"{self._engine.transport}:{name}"
                step.tell(ImagePublished, destination=shown, digest=single.descriptor.digest)
        return single.descriptor

    def _load(self, image: Image, content: Content, known: Collection[Digest], step: Step) -> None:
        """Send what the engine lacks; all of it, if it does not take that."""
        held = held_layers(image, filter(None, map(self._document, known)))
        try:
            _send(image, content, self._engine, held, step)
        except EngineRefusedError as error:
            if not held:
                raise
            step.log(f"the engine wants all layers: {error.why or error.what}")
            _send(image, content, self._engine, frozenset(), step)

    def _document(self, digest: Digest) -> bytes | None:
        """Return the manifest or config that an engine calls an image by, if the store has it."""
        with contextlib.suppress(OSError, LaminaError):
            size = self._store.blobs.path(digest).stat().st_size
            return read_blob(self._store.blobs, Descriptor(media_type="", digest=digest, size=size))
        return None


def _fitting(image: Image | Index, engine: LocalEngine) -> Image:
    """Choose the image for the engine's platform; a single one is taken whatever it is for."""
    if isinstance(image, Image):
        return image
    platform = engine.platform()
    for single in images_of(image):
        if fits(single.descriptor, platform):
            return single
    raise ImageError(
        f"the engine runs {platform}, and no image is for that",
        hint=f"add {platform} to --platform",
    )


def _send(
    image: Image, content: Content, engine: LocalEngine, held: Collection[Digest], step: Step
) -> None:
    layers = layer_descriptors(image)
    sent = [layer for layer in layers if layer.digest not in held]
    total = sum(layer.size for layer in sent)

    def pour(file: Writer) -> None:
        counting = _Counting(file, lambda done: step.progress(min(done, total), total))
        pour_archive(counting, image, content, names=(), without=held)
        step.log(f"sent {len(sent)} of {len(layers)} layers; the engine unpacks what is new")

    engine.load(pour)


class _Counting:
    """Tells how many bytes were written so far."""

    def __init__(self, file: Writer, progress: Callable[[int], None]) -> None:
        self._file = file
        self._progress = progress
        self._done = 0

    def write(self, data: bytes, /) -> None:
        self._file.write(data)
        self._done += len(data)
        self._progress(self._done)
