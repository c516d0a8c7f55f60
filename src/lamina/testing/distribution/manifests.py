"""Manifests, tags and referrers (end-3, end-7 to end-9, end-12)."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from lamina.errors import ImageError
from lamina.oci import media_type
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.testing.distribution.repository import (
    Repository,
    Storage,
    StoredManifest,
    parse_digest,
)
from lamina.testing.distribution.wire import (
    Asked,
    RefusalError,
    Reply,
    no_such_page,
    unsupported,
)

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def answer_manifest(storage: Storage, asked: Asked, name: str, reference: str) -> Reply:
    """Answer a request for a manifest or index, by tag or digest."""
    repository = storage.repositories[name]
    match asked.method:
        case "GET" | "HEAD":
            return _fetch(storage, asked, repository, reference)
        case "PUT":
            return _store(storage, asked, name, reference)
        case "DELETE":
            _delete(repository, reference)
            return Reply(status=202)
        case _:
            raise unsupported(asked)


def list_tags(storage: Storage, asked: Asked, name: str) -> Reply:
    """Answer with the tags in their order, ``n`` of them after ``last``, and where more are."""
    repository = storage.repositories[name]
    if not (repository.manifests or repository.blobs):
        raise RefusalError(404, "NAME_UNKNOWN", f"there is no repository {name}")
    query = asked.query
    tags = sorted(repository.tags, key=_order)
    left = [tag for tag in tags if "last" not in query or _order(tag) > _order(query["last"])]
    page, headers = left, {"Content-Type": "application/json"}
    if "n" in query:
        count = _count(query["n"])
        page = left[:count]
        if page and len(page) < len(left):
            path = f"/v2/{name}/tags/list?n={count}&last={quote(page[-1])}"
            headers["Link"] = f'<{path}>; rel="next"'
    return Reply(status=200, headers=headers, body=canonical_json({"name": name, "tags": page}))


def list_referrers(storage: Storage, asked: Asked, name: str, text: str) -> Reply:
    """Answer with an index of the manifests whose subject is ``text``."""
    if not storage.choices.has_referrers:
        return no_such_page()
    subject = str(parse_digest(text))
    rows = [
        _referrer(digest, manifest)
        for digest, manifest in storage.repositories[name].manifests.items()
        if _subject(_members(manifest.data)) == subject
    ]
    headers = {"Content-Type": media_type.INDEX}
    wanted = asked.query.get("artifactType")
    if wanted:
        rows = [row for row in rows if row.get("artifactType") == wanted]
        headers["OCI-Filters-Applied"] = "artifactType"
    index = {"schemaVersion": 2, "mediaType": media_type.INDEX, "manifests": rows}
    return Reply(status=200, headers=headers, body=canonical_json(index))


def _fetch(storage: Storage, asked: Asked, repository: Repository, reference: str) -> Reply:
    digest = repository.find(reference)
    manifest = repository.manifests[digest]
    accepted = asked.headers.get("accept", "")
    if storage.choices.needs_accept and manifest.media_type not in accepted:
        raise RefusalError(404, "MANIFEST_UNKNOWN", f"{manifest.media_type} was not asked for")
    headers = {"Content-Type": manifest.media_type, "Docker-Content-Digest": str(digest)}
    return Reply(status=200, headers=headers, body=manifest.data)


def _store(storage: Storage, asked: Asked, name: str, reference: str) -> Reply:
    repository = storage.repositories[name]
    if len(asked.body) > storage.choices.largest_manifest:
        raise RefusalError(413, "SIZE_INVALID", "the manifest is too large")
    members = _members(asked.body)
    kind = asked.headers.get("content-type", "")
    if members.get("mediaType", kind) != kind:
        raise _invalid(f"the media type is {members['mediaType']}, and was sent as {kind}")
    _check(repository, members, kind)
    digest = Digest.of(asked.body)
    if ":" not in reference:
        _check_tag(reference)
        repository.tags[reference] = digest
    elif parse_digest(reference) != digest:
        raise RefusalError(400, "DIGEST_INVALID", f"the manifest has {digest}")
    repository.manifests[digest] = StoredManifest(media_type=kind, data=asked.body)
    headers = {
        "Location": f"{asked.origin}/v2/{name}/manifests/{digest}",
        "Docker-Content-Digest": str(digest),
    }
    subject = _subject(members)
    if subject and storage.choices.has_referrers:
        headers["OCI-Subject"] = subject
    return Reply(status=201, headers=headers)


def _delete(repository: Repository, reference: str) -> None:
    digest = repository.find(reference)
    if ":" not in reference:
        del repository.tags[reference]
        return
    del repository.manifests[digest]
    repository.tags = {tag: named for tag, named in repository.tags.items() if named != digest}


def _check(repository: Repository, members: dict[str, Any], kind: str) -> None:
    """Refuse a manifest of a shape or with references that are not there."""
    is_index = kind in media_type.INDEXES
    if not is_index and kind not in media_type.MANIFESTS:
        raise _invalid(f"{kind!r} is not the media type of a manifest")
    if ("manifests" in members) != is_index or ("layers" in members) == is_index:
        raise _invalid(f"not what a {kind} looks like")
    try:
        references = tuple(_references(members))
    except (ImageError, TypeError) as error:
        raise _invalid(str(error)) from error
    kept = {d: m.data for d, m in repository.manifests.items()} if is_index else repository.blobs
    missing = dict.fromkeys(row.digest for row in references if row.digest not in kept)
    if missing:
        messages = (f"there is no {digest}" for digest in missing)
        raise RefusalError(400, "MANIFEST_BLOB_UNKNOWN", *messages)
    for row in references:
        if len(kept[row.digest]) != row.size:
            raise _invalid(f"{row.digest} has {len(kept[row.digest])} bytes, not {row.size}")


def _references(members: dict[str, Any]) -> Iterator[Descriptor]:
    """List what has to be there; a layer with addresses of its own need not."""
    rows = members.get("manifests") or [members.get("config"), *members.get("layers", ())]
    for row in rows:
        if not (isinstance(row, dict) and row.get("urls")):
            yield Descriptor.from_json(row)


def _members(data: bytes) -> dict[str, Any]:
    try:
        members = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _invalid("not JSON") from error
    if not isinstance(members, dict):
        raise _invalid("not a JSON object")
    return members


def _subject(members: dict[str, Any]) -> str:
    subject = members.get("subject")
    return str(subject.get("digest", "")) if isinstance(subject, dict) else ""


def _referrer(digest: Digest, manifest: StoredManifest) -> dict[str, Any]:
    """Describe a referrer (spec, "Listing Referrers")."""
    members = _members(manifest.data)
    config = members.get("config", {})
    row = {
        "mediaType": manifest.media_type,
        "digest": str(digest),
        "size": len(manifest.data),
        "artifactType": members.get("artifactType") or config.get("mediaType"),
        "annotations": members.get("annotations"),
    }
    return {key: value for key, value in row.items() if value is not None}


def _check_tag(tag: str) -> None:
    if not _TAG.fullmatch(tag):
        raise RefusalError(400, "TAG_INVALID", f"{tag!r} is not a tag")


def _order(tag: str) -> tuple[str, str]:
    return tag.lower(), tag


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RefusalError(400, "PAGINATION_NUMBER_INVALID", f"{text!r} is not a number")
    return int(text)


def _invalid(message: str) -> RefusalError:
    return RefusalError(400, "MANIFEST_INVALID", message)
