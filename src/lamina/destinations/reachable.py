"""The last destination of a named image: whatever the store lacks of it can be had later."""

from collections.abc import Callable, Sequence

from lamina.image.blobs import layer_descriptors
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image, Index
from lamina.parallel import map_ordered
from lamina.protocols import Content
from lamina.steps import Step
from lamina.store.elsewhere import note_places, places_of
from lamina.store.store import Store

_WORKERS = 4

Has = Callable[[str, Descriptor], bool]
"""Asks a repository, as ``registry/repository``, for a blob; False where that cannot be known."""


class ReachableDestination:
    """Notes where layers are that nobody brought here, and brings those that are nowhere.

    The image is in ``pushed`` by now.  Where it was not pushed, ``has`` is asked about each layer.
    """

    def __init__(self, store: Store, *, pushed: Sequence[str], has: Has) -> None:
        self._store = store
        self._pushed = pushed
        self._has = has

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:
        """Look at the layers that the store lacks; the image itself stays as it is."""
        blobs = self._store.blobs
        missing = [layer for layer in layer_descriptors(image) if not blobs.has(layer)]
        if missing:
            with step:
                self._settle(missing, content)
        return image.descriptor

    def _settle(self, missing: Sequence[Descriptor], content: Content) -> None:
        if self._pushed:
            for layer in missing:
                note_places(self._store, layer.digest, self._pushed)
            return
        found = map_ordered(self._is_somewhere, missing, workers=_WORKERS)
        for layer, is_somewhere in zip(missing, found, strict=True):
            if not is_somewhere:
                content.open(layer).close()  # which makes or fetches it

    def _is_somewhere(self, layer: Descriptor) -> bool:
        return any(self._has(place, layer) for place in places_of(self._store, layer.digest))
