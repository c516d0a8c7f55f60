"""Documents that a registry sends: what kind they are, and what is in its lists; pure."""

import json
from typing import Any

from lamina.errors import ImageError
from lamina.oci import media_type

_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1"


def media_type_of(data: bytes, *, said: str, where: str) -> str:
    """Say what kind of manifest ``data`` is; the registry ``said`` so in its Content-Type.

    Both have to agree, and the shape with both (CVE-2021-41190).  Raises ``ImageError``.
    """
    value = _object(data, where)
    if said.startswith(_SCHEMA_1) or value.get("schemaVersion") == 1:
        raise ImageError(
            "the image is in Docker's old format, schema 1",
            where=where,
            hint="push it again with a current tool",
        )
    own = value.get("mediaType")
    known = media_type.INDEXES | media_type.MANIFESTS
    kind = str(own) if own is not None else said
    if own is None and said not in known:
        kind = media_type.INDEX if "manifests" in value else media_type.MANIFEST
    if kind not in known:
        raise ImageError(f"{kind[:100]!r} is not the type of a manifest", where=where)
    if said in known and said != kind:
        raise ImageError(f"the registry calls a {kind} a {said}", where=where)
    is_index = kind in media_type.INDEXES
    if ("manifests" in value) != is_index or ("layers" in value) == is_index:
        raise ImageError(f"not what a {kind} looks like", where=where)
    return kind


def tags_of_list(data: bytes, *, where: str) -> tuple[str, ...]:
    """Read a page of tags (spec, "Listing Tags"); raise ``ImageError`` for anything else."""
    tags = _object(data, where).get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ImageError("not a list of tags", where=where)
    return tuple(tags)


def _object(data: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageError("not valid JSON", where=where, why=str(error)[:200]) from error
    if not isinstance(value, dict):
        raise ImageError("not a JSON object", where=where)
    return value
