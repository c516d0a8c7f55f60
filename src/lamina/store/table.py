"""A table from keys to JSON values, one file a row: what the store knows, as opposed to holds."""

import hashlib
import json
from pathlib import Path
from typing import Any

from lamina.durable import incoming
from lamina.oci.canonical_json import canonical_json
from lamina.store.uses import Uses


class Table:
    """Rows by key; a damaged row counts as absent.

    Each file starts with the SHA-256 of the rest, so a row torn by a crash or a bad disk is
    recognised without flushing every write.  Its key follows, which its name does not tell.
    """

    def __init__(self, directory: Path, ingest: Path, uses: Uses) -> None:
        self.directory = directory
        self._ingest = ingest
        self._uses = uses

    def get(self, key: str) -> Any | None:  # noqa: ANN401 - rows are JSON
        """Return the row, or None when there is none or it is damaged."""
        path = self._path(key)
        row = read_row(path) if self._uses.note(path) else None
        return None if row is None else json.loads(row[1])

    def has(self, key: str) -> bool:
        """Say whether there is a row that is not damaged."""
        path = self._path(key)
        return self._uses.note(path) and read_row(path) is not None

    def put(self, key: str, value: object) -> None:
        """Write or replace a row."""
        rest = json.dumps(key).encode() + b"\n" + canonical_json(value)
        with incoming(self._ingest) as new:
            new.file.write(hashlib.sha256(rest).hexdigest().encode() + b" " + rest)
            new.commit(self._path(key), durable=False)

    def _path(self, key: str) -> Path:
        return self.directory / row_name(key)


def row_name(key: str) -> str:
    """Return the name of a row's file."""
    return f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def read_row(path: Path) -> tuple[str, bytes] | None:
    """Return a row's key and its JSON; None when there is none or it is damaged.

    Rows that were written before keys were have an empty one.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    first, _, body = data.partition(b"\n")
    checksum, _, key = first.partition(b" ")
    checked = data[len(checksum) + 1 :] if key else body
    if hashlib.sha256(checked).hexdigest().encode() != checksum:
        return None
    return (str(json.loads(key)) if key else ""), body
