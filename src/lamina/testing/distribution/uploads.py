"""Uploads: blobs on their way into a repository (end-4 to end-6, end-11, end-13)."""

import re
from urllib.parse import quote

from lamina.testing.distribution.repository import Repository, Storage, Upload, parse_digest
from lamina.testing.distribution.wire import Asked, RefusalError, Reply, unsupported

_CONTENT_RANGE = re.compile(r"([0-9]+)-([0-9]+)")


def start_upload(storage: Storage, asked: Asked, name: str) -> Reply:
    """Answer a POST: mount a blob, take one whole, or open an upload."""
    if asked.method != "POST":
        raise unsupported(asked)
    repository, query = storage.repositories[name], asked.query
    if "mount" in query:
        digest = parse_digest(query["mount"])
        source = storage.repositories.get(query.get("from", ""))
        if source is not None and digest in source.blobs:
            repository.blobs[digest] = source.blobs[digest]
            return _created(asked, name, str(digest))
    elif "digest" in query and storage.choices.accepts_single_post:
        digest = parse_digest(query["digest"])
        storage.keep(repository, digest, asked.body)
        return _created(asked, name, str(digest))
    upload = storage.start_upload(repository)
    least = storage.choices.least_chunk
    more = {"OCI-Chunk-Min-Length": str(least)} if least else {}
    return Reply(status=202, headers={**_progress(storage, asked, name, upload), **more})


def go_on_with_upload(storage: Storage, asked: Asked, name: str, id_: str) -> Reply:
    """Answer a request to an upload's own address: PATCH, PUT, GET or DELETE."""
    repository = storage.repositories[name]
    upload = repository.uploads.get(id_)
    if upload is None:
        raise RefusalError(404, "BLOB_UPLOAD_UNKNOWN", f"there is no upload {id_}")
    if storage.choices.has_upload_state and _state(upload) not in asked.raw_query.split("&"):
        raise RefusalError(404, "BLOB_UPLOAD_INVALID", "the address is not the last one given")
    match asked.method:
        case "PATCH":
            _append(storage, asked, name, upload)
            return Reply(status=202, headers=_progress(storage, asked, name, upload))
        case "PUT":
            return _finish(storage, asked, name, upload)
        case "GET":
            return Reply(status=204, headers=_progress(storage, asked, name, upload))
        case "DELETE":
            del repository.uploads[id_]
            return Reply(status=204, headers={"Docker-Upload-UUID": upload.id})
        case _:
            raise unsupported(asked)


def _append(storage: Storage, asked: Asked, name: str, upload: Upload) -> None:
    """Add a chunk, or refuse one that is out of order (spec, "Pushing a blob in chunks")."""
    if not _continues(asked, upload):
        raise RefusalError(
            416,
            "BLOB_UPLOAD_INVALID",
            f"the upload goes on at byte {len(upload.data)}",
            headers=_progress(storage, asked, name, upload),
        )
    if upload.had_short_chunk:
        raise RefusalError(400, "SIZE_INVALID", "only the last chunk may be short")
    upload.had_short_chunk = len(asked.body) < storage.choices.least_chunk
    upload.data += asked.body


def _continues(asked: Asked, upload: Upload) -> bool:
    text = asked.headers.get("content-range")
    if text is None:
        return True
    match = _CONTENT_RANGE.fullmatch(text)
    if match is None:
        return False
    start, end = int(match[1]), int(match[2])
    return start == len(upload.data) and end - start + 1 == len(asked.body)


def _finish(storage: Storage, asked: Asked, name: str, upload: Upload) -> Reply:
    repository: Repository = storage.repositories[name]
    digest = parse_digest(asked.query.get("digest", ""))
    if asked.body:
        _append(storage, asked, name, upload)
    del repository.uploads[upload.id]  # for good or bad: a refused upload has to begin anew
    storage.keep(repository, digest, bytes(upload.data))
    return _created(asked, name, str(digest))


def _created(asked: Asked, name: str, digest: str) -> Reply:
    return Reply(
        status=201,
        headers={
            "Location": f"{asked.origin}/v2/{name}/blobs/{digest}",
            "Docker-Content-Digest": digest,
        },
    )


def _progress(storage: Storage, asked: Asked, name: str, upload: Upload) -> dict[str, str]:
    """Say where the upload goes on and what is there; ``0-0`` stands for nothing as well."""
    path = f"/v2/{name}/blobs/uploads/{upload.id}"
    if storage.choices.has_upload_state:
        path += f"?{_state(upload)}"
    prefix = asked.origin if storage.choices.location == "absolute" else ""
    return {
        "Location": prefix + path,
        "Range": f"0-{max(0, len(upload.data) - 1)}",
        "Docker-Upload-UUID": upload.id,
    }


def _state(upload: Upload) -> str:
    """Name the upload and its length in letters that a careless client would write otherwise."""
    return f"_state={quote(f'{upload.id}:{len(upload.data)}/=', safe='')}"
