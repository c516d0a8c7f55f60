"""Documents about an image beside it in its registry: bills of materials and provenance.

Each is a manifest of its own, whose subject is the image and whose artifact type is the media type
of the document, which is what other tools look for.  Equal documents have equal manifests, so one
that is there is not added again.
"""

import io
import json
from dataclasses import dataclass
from typing import Any, Final

from lamina.errors import ImageError
from lamina.image.load import read_blob
from lamina.oci import media_type
from lamina.oci.annotations import CREATED, PREDICATE_TYPE, TITLE
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.parse import parse_manifest
from lamina.registry.client import RegistryClient
from lamina.registry.pull import RemoteContent
from lamina.registry.referrers import attach, referrers_of
from lamina.registry.upload import Uploader

LARGEST_DOCUMENT: Final = 64 << 20
"""How many bytes of a document are read."""

_MOST_TRIED: Final = 50
_NOTHING: Final = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document about an image: its media type, a file name, its bytes.

    ``created`` is a time as RFC 3339 writes it; ``predicate_type`` is that of an in-toto statement.
    """

    kind: str
    title: str
    data: bytes
    created: str
    predicate_type: str = ""


def attach_document(client: RegistryClient, subject: Descriptor, document: Document) -> Descriptor:
    """Keep ``document`` with the image ``subject``, which has been pushed; describe its manifest.

    Raises ``NetworkError``.
    """
    uploader = Uploader(client)
    nothing = _keep(uploader, _NOTHING, media_type.EMPTY, {})
    named = {TITLE: document.title}
    if document.predicate_type:
        named[PREDICATE_TYPE] = document.predicate_type
    blob = _keep(uploader, document.data, document.kind, named)
    about = Descriptor(media_type=subject.media_type, digest=subject.digest, size=subject.size)
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type.MANIFEST,
        "artifactType": document.kind,
        "config": nothing.to_json(),
        "layers": [blob.to_json()],
        "subject": about.to_json(),
        "annotations": {CREATED: document.created},
    }
    data = canonical_json(manifest)
    described = _described(data, media_type.MANIFEST, {})
    attach(client, subject.digest, described, data)
    return described


def find_document(client: RegistryClient, subject: Digest, kind: str) -> bytes | None:
    """Fetch the document of type ``kind`` that somebody attached to an image; None for none.

    Of several the newest is taken, by what they say.  Nothing vouches for it but the registry.
    Raises ``NetworkError``, and ``ImageError`` or ``IntegrityError`` for one that cannot be read.
    """
    found: list[tuple[str, str, Descriptor]] = []
    for row in referrers_of(client, subject)[:_MOST_TRIED]:
        blob = _document_of(client, row.digest, subject, kind)
        if blob is not None:
            found.append((row.annotations.get(CREATED, ""), str(row.digest), blob))
    if not found:
        return None
    blob = max(found)[2]
    if blob.size > LARGEST_DOCUMENT:
        raise ImageError(f"the document has {blob.size} bytes", where=f"{client.place}")
    return read_blob(RemoteContent(client), blob)


def _document_of(
    client: RegistryClient, digest: Digest, subject: Digest, kind: str
) -> Descriptor | None:
    """Return the blob of a manifest that is about ``subject`` and of type ``kind``."""
    try:
        _, data = client.get_manifest(str(digest))
        _, blobs = parse_manifest(data, where=f"{client.place}, {digest}", any_layers=True)
    except ImageError:  # it is gone, or is no manifest
        return None
    value: dict[str, Any] = json.loads(data)
    about = value.get("subject")
    is_about = isinstance(about, dict) and about.get("digest") == str(subject)
    is_kind = kind in {value.get("artifactType"), value["config"].get("mediaType")}
    return blobs[0] if is_about and is_kind and len(blobs) == 1 else None


def _keep(uploader: Uploader, data: bytes, kind: str, annotations: dict[str, str]) -> Descriptor:
    descriptor = _described(data, kind, annotations)
    uploader.transfer(descriptor, lambda _: io.BytesIO(data))
    return descriptor


def _described(data: bytes, kind: str, annotations: dict[str, str]) -> Descriptor:
    return Descriptor(
        media_type=kind, digest=Digest.of(data), size=len(data), annotations=annotations
    )
