"""Layer: one layer of an image, with both of its digests (config.md, "Layer DiffID")."""

from dataclasses import dataclass

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
