"""A table from keys to JSON values, one file a row: what the store knows, as opposed to holds."""

import hashlib
import json
from pathlib import Path
from typing import Any

from lamina.durable import incoming
from lamina.oci.canonical_json import canonical_json


class Table:
    """Rows that can all be made again; a damaged row counts as absent.

    Each file starts with the SHA-256 of the rest, so a row torn by a crash or a bad disk is
    recognised without flushing every write.
    """

    def __init__(self, directory: Path, ingest: Path) -> None:
        self._directory = directory
        self._ingest = ingest

    def get(self, key: str) -> Any | None:  # noqa: ANN401 - rows are JSON
        """Return the row, or None when there is none or it is damaged."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        checksum, _, body = data.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return None
        return json.loads(body)

    def put(self, key: str, value: object) -> None:
        """Write or replace a row."""
        body = canonical_json(value)
        with incoming(self._ingest) as new:
            new.file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            new.commit(self._path(key), durable=False)

    def _path(self, key: str) -> Path:
        return self._directory / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
