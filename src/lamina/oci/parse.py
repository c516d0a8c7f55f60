"""Parse: a manifest's and a config's bytes, anyone's, become an Image."""

import json
from datetime import datetime
from typing import Any

from lamina.errors import ImageError
from lamina.oci import media_type
from lamina.oci.config import RuntimeConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform

_LARGEST_MANIFEST = 8 << 20


def parse_manifest(data: bytes, *, where: str) -> tuple[Descriptor, tuple[Descriptor, ...]]:
    """Read an image manifest (manifest.md) and return the descriptors of its config and layers.

    Raises ``ImageError`` for anything else, a hybrid of manifest and index above all.
    """
    value = _object(data, where)
    if "manifests" in value or not isinstance(value.get("layers"), list):
        raise ImageError("not an image manifest", where=where)
    if value.get("mediaType", media_type.MANIFEST) not in media_type.MANIFESTS:
        raise ImageError(f"unknown manifest type {value['mediaType']!r}", where=where)
    layers = tuple(Descriptor.from_json(row) for row in value["layers"])
    unknown = next((x for x in layers if x.media_type not in media_type.LAYERS), None)
    if unknown is not None:
        raise ImageError(f"unknown layer type {unknown.media_type!r}", where=where)
    return Descriptor.from_json(value.get("config")), layers


def parse_index(data: bytes, *, where: str) -> tuple[Descriptor, ...]:
    """Read an image index (image-index.md) and return its descriptors, or raise ``ImageError``."""
    value = _object(data, where)
    if "layers" in value or not isinstance(value.get("manifests"), list):
        raise ImageError("not an image index", where=where)
    return tuple(Descriptor.from_json(row) for row in value["manifests"])


def parse_image(manifest: bytes, config: bytes, *, where: str) -> Image:
    """Put a manifest and its config (config.md) together.

    Raises ``ImageError`` when the two disagree about the number of layers.
    """
    _, descriptors = parse_manifest(manifest, where=where)
    value = _object(config, where)
    rootfs = value.get("rootfs")
    if not isinstance(rootfs, dict) or rootfs.get("type") != "layers":
        raise ImageError("the config has no layers", where=where)
    diff_ids = [Digest.parse(text) for text in rootfs.get("diff_ids") or ()]
    if len(diff_ids) != len(descriptors):
        raise ImageError(
            f"the manifest has {len(descriptors)} layers and the config {len(diff_ids)}",
            where=where,
        )
    lines = _created_by(value, len(diff_ids))
    return Image(
        platform=Platform.from_json(value),
        layers=tuple(
            Layer(descriptor=d, diff_id=i, created_by=c)
            for d, i, c in zip(descriptors, diff_ids, lines, strict=True)
        ),
        runtime=RuntimeConfig.from_json(value.get("config") or {}),
        created=_seconds(value.get("created")),
    )


def _object(data: bytes, where: str) -> dict[str, Any]:
    if len(data) > _LARGEST_MANIFEST:
        raise ImageError(f"larger than {_LARGEST_MANIFEST} bytes", where=where)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageError("not valid JSON", where=where, why=str(error)[:200]) from error
    if not isinstance(value, dict):
        raise ImageError("not a JSON object", where=where)
    return value


def _created_by(config: dict[str, Any], layers: int) -> list[str]:
    rows = [row for row in config.get("history") or () if isinstance(row, dict)]
    lines = [str(row.get("created_by", "")) for row in rows if not row.get("empty_layer")]
    return lines if len(lines) == layers else [""] * layers


def _seconds(text: object) -> int:
    try:
        return int(datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
        return 0
