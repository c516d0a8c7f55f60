"""Blobs: fetch, ask for and delete (end-2, end-10), also from the middle (RFC 9110, "Range")."""

import re

from lamina.testing.distribution.repository import Storage, parse_digest
from lamina.testing.distribution.wire import Asked, RefusalError, Reply, unsupported

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


def answer_blob(storage: Storage, asked: Asked, name: str, text: str) -> Reply:
    """Answer a request for one blob."""
    repository, digest = storage.repositories[name], parse_digest(text)
    if digest not in repository.blobs:
        raise RefusalError(404, "BLOB_UNKNOWN", f"there is no blob {digest} in {name}")
    if asked.method == "DELETE":
        del repository.blobs[digest]
        return Reply(status=202)
    if asked.method not in {"GET", "HEAD"}:
        raise unsupported(asked)
    data = repository.blobs[digest]
    headers = {
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": str(digest),
        "Accept-Ranges": "bytes",
    }
    wanted = asked.headers.get("range", "")
    if not wanted or asked.method == "HEAD" or storage.choices.ignores_range:
        return Reply(status=200, headers=headers, body=data)
    return _part(data, wanted, headers)


def _part(data: bytes, wanted: str, headers: dict[str, str]) -> Reply:
    match = _RANGE.fullmatch(wanted)
    if match is None or match.groups() == ("", ""):
        return Reply(status=200, headers=headers, body=data)  # RFC 9110: a range may be ignored
    start, end = _bounds(match[1], match[2], len(data))
    if not 0 <= start <= end:
        unsatisfied = {"Content-Range": f"bytes */{len(data)}"}
        raise RefusalError(416, "SIZE_INVALID", f"{wanted} is not in the blob", headers=unsatisfied)
    return Reply(
        status=206,
        headers={**headers, "Content-Range": f"bytes {start}-{end}/{len(data)}"},
        body=data[start : end + 1],
    )


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first and the last position; without a first, ``last`` counts from the end."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
