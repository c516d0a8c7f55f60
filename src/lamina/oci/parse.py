"""Parse: a manifest's and a config's bytes, anyone's, become an Image."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from lamina.errors import ImageError
from lamina.oci import media_type
from lamina.oci.canonical_json import canonical_json
from lamina.oci.config import RuntimeConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.members import table, texts
from lamina.oci.platform import Platform

_LARGEST_MANIFEST = 8 << 20


def parse_manifest(
    data: bytes, *, where: str, any_layers: bool = False
) -> tuple[Descriptor, tuple[Descriptor, ...]]:
    """Read an image manifest (manifest.md) and return the descriptors of its config and layers.

    With ``any_layers`` its layers may be no file trees, as those of attestations are.  Raises
    ``ImageError`` for anything else, a hybrid of manifest and index above all.
    """
    value = _object(data, where)
    if "manifests" in value or not isinstance(value.get("layers"), list):
        raise ImageError("not an image manifest", where=where)
    if str(value.get("mediaType", media_type.MANIFEST)) not in media_type.MANIFESTS:
        raise ImageError(f"unknown manifest type {value['mediaType']!r}", where=where)
    with _naming(where):
        layers = tuple(Descriptor.from_json(row) for row in value["layers"])
        config = Descriptor.from_json(value.get("config"))
    unknown = next((x for x in layers if x.media_type not in media_type.LAYERS), None)
    if unknown is not None and not any_layers:
        raise ImageError(f"unknown layer type {unknown.media_type!r}", where=where)
    return config, layers


def parse_index(data: bytes, *, where: str) -> tuple[Descriptor, ...]:
    """Read an image index (image-index.md) and return its descriptors, or raise ``ImageError``."""
    value = _object(data, where)
    is_index = str(value.get("mediaType", media_type.INDEX)) in media_type.INDEXES
    if "layers" in value or not is_index or not isinstance(value.get("manifests"), list):
        raise ImageError("not an image index", where=where)
    with _naming(where):
        return tuple(Descriptor.from_json(row) for row in value["manifests"])


def parse_image(manifest: bytes, config: bytes, *, where: str) -> Image:
    """Put a manifest and its config (config.md) together.

    Raises ``ImageError`` when the two disagree about the number of layers.
    """
    _, descriptors = parse_manifest(manifest, where=where)
    value = _object(config, where)
    with _naming(where):
        diff_ids = _diff_ids(value)
        runtime = RuntimeConfig.from_json(table(value, "config"))
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
        runtime=runtime,
        created=_seconds(value.get("created")),
    )


def _object(data: bytes, where: str) -> dict[str, Any]:
    if len(data) > _LARGEST_MANIFEST:
        raise ImageError(f"larger than {_LARGEST_MANIFEST} bytes", where=where)
    try:
        value = json.loads(data)
        canonical_json(value)  # JSON can spell halves of characters, which no text can hold
    except (ValueError, RecursionError) as error:
        raise ImageError("not valid JSON", where=where, why=str(error)[:200]) from error
    if not isinstance(value, dict):
        raise ImageError("not a JSON object", where=where)
    return value


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Say which document a malformed member stands in."""
    try:
        yield
    except ImageError as error:
        error.where = error.where or where
        raise


def _diff_ids(config: dict[str, Any]) -> list[Digest]:
    rootfs = config.get("rootfs")
    if not isinstance(rootfs, dict) or rootfs.get("type") != "layers":
        raise ImageError("the config has no layers")
    return [Digest.parse(text) for text in texts(rootfs, "diff_ids")]


def _created_by(config: dict[str, Any], layers: int) -> list[str]:
    history = config.get("history")
    rows = [row for row in history if isinstance(row, dict)] if isinstance(history, list) else []
    lines = [str(row.get("created_by", "")) for row in rows if not row.get("empty_layer")]
    return lines if len(lines) == layers else [""] * layers


def _seconds(text: object) -> int:
    """Read a time (RFC 3339); 0 where it is unknown, which Docker writes as the year 1."""
    try:
        time = datetime.fromisoformat(str(text))
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)  # never this machine's zone
        return max(0, int(aware.astimezone(UTC).timestamp()))
    except (ValueError, OverflowError):
        return 0
