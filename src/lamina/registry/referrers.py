"""Referrers: manifests about other manifests, listed by the registry or under a fallback tag.

Registries without the referrers API keep the list in an index that clients write (spec,
"Referrers Tag Schema").  Two that write at the same time can lose each other's entry, so what was
written is read again, and written again where it is missing.  That makes a loss seldom and not
impossible: whoever read before we wrote may still write after we looked.
"""

import json
from typing import Any

from lamina.errors import NetworkError
from lamina.oci import media_type
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.parse import parse_index
from lamina.registry.client import RegistryClient

_TRIES = 3


def referrers_of(client: RegistryClient, subject: Digest) -> tuple[Descriptor, ...]:
    """List the manifests whose subject is ``subject``; none for one that nobody refers to."""
    found = client.list_referrers(subject)
    if found is not None:
        return found
    return tuple(Descriptor.from_json(row) for row in _rows(client, subject))


def attach(client: RegistryClient, subject: Digest, descriptor: Descriptor, data: bytes) -> None:
    """Store a manifest that names ``subject`` as its subject, so that it is found (end-7).

    ``descriptor`` describes ``data``; its blobs have to be there already.  Its annotations, and the
    artifact type that ``data`` names, go into the list.  Raises ``NetworkError`` when others keep
    writing over the fallback tag.
    """
    answer = client.put_manifest(str(descriptor.digest), descriptor, data)
    if answer.get("oci-subject") == str(subject) or client.list_referrers(subject) is not None:
        return
    row = _row(descriptor, data)
    for _ in range(_TRIES):
        rows = _rows(client, subject)
        if any(other["digest"] == row["digest"] for other in rows):
            return
        index = _index([*rows, row])
        described = Descriptor(
            media_type=media_type.INDEX, digest=Digest.of(index), size=len(index)
        )
        client.put_manifest(fallback_tag(subject), described, index)
        if any(other["digest"] == row["digest"] for other in _rows(client, subject)):
            return
    raise NetworkError(
        f"others keep writing over the list of what refers to {subject}",
        where=f"{client.place}:{fallback_tag(subject)}",
        hint="run the command again",
    )


def fallback_tag(subject: Digest) -> str:
    """Name the tag that holds the list where the registry keeps none.

    >>> fallback_tag(Digest.of(b""))[:15]
    'sha256-e3b0c442'
    """
    return str(subject).replace(":", "-")


def _rows(client: RegistryClient, subject: Digest) -> list[dict[str, Any]]:
    tag = fallback_tag(subject)
    if client.find_manifest(tag, for_push=True) is None:
        return []
    _, data = client.get_manifest(tag)
    parse_index(data, where=f"{client.place}:{tag}")  # every row is a descriptor, then
    rows: list[dict[str, Any]] = json.loads(data)["manifests"]
    return rows


def _row(descriptor: Descriptor, data: bytes) -> dict[str, Any]:
    members = json.loads(data)
    config = members.get("config") or {}
    kind = members.get("artifactType") or config.get("mediaType")
    row = {**descriptor.to_json(), "artifactType": kind, "annotations": members.get("annotations")}
    return {name: value for name, value in row.items() if value}


def _index(rows: list[dict[str, Any]]) -> bytes:
    ordered = sorted(rows, key=lambda row: str(row["digest"]))
    return canonical_json({"schemaVersion": 2, "mediaType": media_type.INDEX, "manifests": ordered})
