"""Reuse: which bytes of an image a node that has the previous one need not pull; pure."""

from dataclasses import dataclass

from lamina.oci.image import Image
from lamina.oci.layer import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Compressed bytes of the new image's layers.

    ``held`` are those that the previous image has, and ``base_held`` the part of them that is the
    base's; ``layers`` are the positions of the layers that it has.  ``pulled`` are all others.
    """

    held: int
    base_held: int
    pulled: int
    layers: frozenset[int]

    @property
    def rate(self) -> float:
        """The share of bytes that the previous image has; all of nothing is 1."""
        total = self.held + self.pulled
        return self.held / total if total else 1.0


def reuse(previous: Image, image: Image, *, base: int = 0) -> Reuse:
    """Compare the layers of two images; the lowest ``base`` layers are the base's.

    Layers are the same blob, or the same tar where one of the images was never compressed, as
    those of Docker's own store.
    """
    is_loose = _is_plain(previous) or _is_plain(image)
    known = {_name(layer, is_loose=is_loose) for layer in previous.layers}
    held = frozenset(
        number
        for number, layer in enumerate(image.layers)
        if _name(layer, is_loose=is_loose) in known
    )
    sizes = [layer.size for layer in image.layers]
    return Reuse(
        held=sum(size for number, size in enumerate(sizes) if number in held),
        base_held=sum(size for number, size in enumerate(sizes[:base]) if number in held),
        pulled=sum(size for number, size in enumerate(sizes) if number not in held),
        layers=held,
    )


def _is_plain(image: Image) -> bool:
    return all(layer.descriptor.digest == layer.diff_id for layer in image.layers)


def _name(layer: Layer, *, is_loose: bool) -> str:
    return str(layer.diff_id if is_loose else layer.descriptor.digest)
