"""Image and Index: a manifest with its config, and several of them for several platforms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from lamina.oci import media_type
from lamina.oci.canonical_json import canonical_json
from lamina.oci.config import RuntimeConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image as a value; its config and manifest bytes follow from it.

    ``created`` is in seconds since the epoch.  The bytes of the layers are elsewhere: ask a
    ``Content`` for them.
    """

    platform: Platform
    layers: tuple[Layer, ...]
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    created: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def config_bytes(self) -> bytes:
        """The image config (config.md), canonical."""
        created = datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return canonical_json(
            {
                **self.platform.to_json(),
                "created": created,
                "config": self.runtime.to_json(),
                "rootfs": {
                    "type": "layers",
                    "diff_ids": [str(layer.diff_id) for layer in self.layers],
                },
                "history": [
                    {"created": created, "created_by": layer.created_by} for layer in self.layers
                ],
            }
        )

    @cached_property
    def config(self) -> Descriptor:
        """The descriptor of the config; its digest is what Docker shows as the image id."""
        return _describe(media_type.CONFIG, self.config_bytes)

    @cached_property
    def manifest_bytes(self) -> bytes:
        """The image manifest (manifest.md), canonical."""
        members: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": media_type.MANIFEST,
            "config": self.config.to_json(),
            "layers": [layer.descriptor.to_json() for layer in self.layers],
        }
        if self.annotations:
            members["annotations"] = dict(self.annotations)
        return canonical_json(members)

    @cached_property
    def descriptor(self) -> Descriptor:
        """The descriptor of the manifest, with the platform, as an index holds it."""
        plain = _describe(media_type.MANIFEST, self.manifest_bytes)
        return Descriptor(
            media_type=plain.media_type,
            digest=plain.digest,
            size=plain.size,
            platform=self.platform,
        )

    @property
    def size(self) -> int:
        """Bytes of all compressed layers: what a node pulls."""
        return sum(layer.size for layer in self.layers)


@dataclass(frozen=True, kw_only=True)
class Index:
    """One image for each of several platforms (image-index.md)."""

    images: tuple[Image, ...]
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def index_bytes(self) -> bytes:
        """The image index, canonical."""
        members: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": media_type.INDEX,
            "manifests": [image.descriptor.to_json() for image in self.images],
        }
        if self.annotations:
            members["annotations"] = dict(self.annotations)
        return canonical_json(members)

    @cached_property
    def descriptor(self) -> Descriptor:
        """The descriptor of the index."""
        return _describe(media_type.INDEX, self.index_bytes)


def _describe(kind: str, data: bytes) -> Descriptor:
    return Descriptor(media_type=kind, digest=Digest.of(data), size=len(data))
