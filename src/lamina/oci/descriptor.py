"""Descriptor: what a blob is called, how long it is, and what is in it (descriptor.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from lamina.errors import ImageError
from lamina.oci.digest import Digest
from lamina.oci.members import text_table
from lamina.oci.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A blob's media type, digest and size in bytes."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Write the JSON object that manifests hold."""
        members: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.annotations:
            members["annotations"] = dict(self.annotations)
        if self.platform:
            members["platform"] = self.platform.to_json()
        return members

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read a descriptor; raise ``ImageError`` for a malformed one or a negative size."""
        if not isinstance(value, dict):
            raise ImageError("a descriptor is not a JSON object")
        size = value.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 2**63:
            raise ImageError(f"a descriptor has the size {str(size)[:40]!r}")
        if not isinstance(value.get("mediaType"), str):
            raise ImageError("a descriptor has no mediaType")
        platform = value.get("platform")
        return cls(
            media_type=value["mediaType"],
            digest=Digest.parse(value.get("digest")),
            size=size,
            platform=Platform.from_json(platform) if isinstance(platform, dict) else None,
            annotations=text_table(value, "annotations"),
        )
