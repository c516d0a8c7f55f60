"""Layer: one layer of an image, with both of its digests (config.md, "Layer DiffID")."""

from dataclasses import dataclass, replace
from typing import Self

from lamina.oci.annotations import LAYER_KEY
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer's blob and the digest of the tar inside it.

    The two belong together: a manifest names the first, the config the second, in the same order.
    ``created_by`` is the line that ``docker history`` shows.
    """

    descriptor: Descriptor
    diff_id: Digest
    created_by: str = ""

    @property
    def size(self) -> int:
        """Bytes of the compressed blob."""
        return self.descriptor.size

    @property
    def key(self) -> str:
        """The key of what it was made from, as its descriptor says; empty where it does not."""
        return self.descriptor.annotations.get(LAYER_KEY, "")

    def with_key(self, key: str) -> Self:
        """Return the same layer with ``key`` in its descriptor."""
        annotations = {**self.descriptor.annotations, LAYER_KEY: key}
        return replace(self, descriptor=replace(self.descriptor, annotations=annotations))
