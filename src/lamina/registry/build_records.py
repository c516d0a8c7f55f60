"""Build records beside images: a referrer of each image, which carries those of earlier builds.

The manifest names its own build's record first and then the records that the image before carried.
So one manifest leads to many builds, they can be fetched at the same time, and a registry that
removes old images keeps their records.  What is in the records is nobody's business here.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lamina.errors import ImageError, InputError
from lamina.image.load import read_blob
from lamina.oci import media_type
from lamina.oci.annotations import BUILD_ID, CREATED
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.parse import parse_manifest
from lamina.parallel import map_ordered
from lamina.registry.client import RegistryClient
from lamina.registry.error import RefusedError
from lamina.registry.pull import RemoteContent
from lamina.registry.referrers import attach, referrers_of
from lamina.registry.upload import Uploader

MOST_RECORDS: Final = 50
"""How many builds one manifest leads to."""

LARGEST_RECORD: Final = 1 << 20
"""How many bytes of a record, compressed, are sent or read."""

_MOST_TRIED: Final = 3
_WORKERS: Final = 4
_NOTHING: Final = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecords:
    """The records that come with an image, newest first; ``image`` is None where there is none."""

    image: Digest | None = None
    records: tuple[Descriptor, ...] = ()


def find_records(client: RegistryClient, reference: str, *, for_push: bool = False) -> KeptRecords:
    """Look for the records of the image that a tag or digest stands for now.

    Some registries refuse to say that there is no repository, but not to somebody who is about to
    push it.  Raises ``NetworkError``, and ``ImageError`` for answers that make no sense.
    """
    image = client.find_manifest(reference, for_push=for_push)
    return KeptRecords() if image is None else records_of(client, image)


def records_of(client: RegistryClient, image: Digest) -> KeptRecords:
    """List the records of an image; of several manifests the newest that can be read counts."""
    rows = [row for row in referrers_of(client, image) if BUILD_ID in row.annotations]
    rows.sort(key=lambda row: (row.annotations.get(CREATED, ""), str(row.digest)), reverse=True)
    for row in rows[:_MOST_TRIED]:
        records = _listed(client, row.digest, image)
        if records:
            return KeptRecords(image=image, records=records)
    return KeptRecords(image=image)


def read_records(
    client: RegistryClient, records: Sequence[Descriptor]
) -> tuple[bytes | InputError, ...]:
    """Fetch records, each checked against its digest; an error stands for one that is not there.

    Raises ``NetworkError`` when the registry stays away.
    """
    content = RemoteContent(client)

    def read(descriptor: Descriptor) -> bytes | InputError:
        try:
            return read_blob(content, descriptor)
        except InputError as error:
            return error

    return tuple(map_ordered(read, records, workers=_WORKERS))


def attach_record(  # noqa: PLR0913 - what the manifest says
    client: RegistryClient,
    subject: Descriptor,
    data: bytes,
    *,
    id_: str,
    created: str,
    earlier: Sequence[Descriptor] = (),
) -> None:
    """Keep a build's record with the image ``subject``, which has been pushed.

    ``earlier`` are records that the repository has, newest first; where it has lost one of them,
    all are left out.  ``created`` is a time as RFC 3339 writes it.
    """
    uploader = Uploader(client)
    blobs = [_keep(uploader, data, media_type.BUILD_RECORD_GZIP)]
    nothing = _keep(uploader, _NOTHING, media_type.EMPTY)
    blobs += [blob for blob in earlier if blob.digest != blobs[0].digest][: MOST_RECORDS - 1]
    annotations = {BUILD_ID: id_, CREATED: created}
    try:
        attach(client, subject.digest, *_manifest(subject, nothing, blobs, annotations))
    except RefusedError as error:
        if len(blobs) == 1 or "UNKNOWN" not in error.said:
            raise
        attach(client, subject.digest, *_manifest(subject, nothing, blobs[:1], annotations))


def _manifest(
    subject: Descriptor,
    nothing: Descriptor,
    blobs: Sequence[Descriptor],
    annotations: dict[str, str],
) -> tuple[Descriptor, bytes]:
    about = Descriptor(media_type=subject.media_type, digest=subject.digest, size=subject.size)
    data = canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": media_type.MANIFEST,
            "artifactType": media_type.BUILD_RECORD,
            "config": nothing.to_json(),
            "layers": [blob.to_json() for blob in blobs],
            "subject": about.to_json(),
            "annotations": annotations,
        }
    )
    return _described(data, media_type.MANIFEST), data


def _listed(client: RegistryClient, digest: Digest, image: Digest) -> tuple[Descriptor, ...]:
    """List the records in a manifest; none in one that is something else."""
    try:
        _, data = client.get_manifest(str(digest))
        _, blobs = parse_manifest(data, where=f"{client.place}, {digest}", any_layers=True)
    except ImageError:  # it is gone, or no manifest
        return ()
    value = json.loads(data)
    subject = value.get("subject")
    is_about = isinstance(subject, dict) and subject.get("digest") == str(image)
    if value.get("artifactType") != media_type.BUILD_RECORD or not is_about:
        return ()
    fitting = (
        blob
        for blob in blobs
        if blob.media_type == media_type.BUILD_RECORD_GZIP and blob.size <= LARGEST_RECORD
    )
    return tuple(dict.fromkeys(fitting))[:MOST_RECORDS]


def _keep(uploader: Uploader, data: bytes, kind: str) -> Descriptor:
    descriptor = _described(data, kind)
    uploader.transfer(descriptor, lambda _: io.BytesIO(data))
    return descriptor


def _described(data: bytes, kind: str) -> Descriptor:
    return Descriptor(media_type=kind, digest=Digest.of(data), size=len(data))
