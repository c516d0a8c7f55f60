"""RECORD, the list of a distribution's installed files (Recording installed projects)."""

import base64
import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

from lamina.errors import ArchiveError
from lamina.oci.digest import Digest

_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One line of RECORD; ``algorithm`` is empty and ``size`` None where the line has none."""

    algorithm: str
    digest: bytes
    size: int | None


def read_record(text: str, *, where: str) -> dict[str, RecordRow]:
    """Read RECORD into rows by path; raise ``ArchiveError`` for a malformed or doubled line."""
    rows: dict[str, RecordRow] = {}
    try:
        for number, columns in enumerate(csv.reader(io.StringIO(text), strict=True), 1):
            if not columns:
                continue
            if len(columns) != _COLUMNS or columns[0] in rows:
                raise ArchiveError("malformed or doubled line", where=f"{where}, line {number}")
            rows[columns[0]] = _row(columns[1], columns[2], f"{where}, line {number}")
    except csv.Error as error:
        raise ArchiveError("RECORD is not CSV", where=where, why=str(error)) from error
    return rows


def write_record(rows: Iterable[tuple[str, Digest, int]], *, record: str) -> bytes:
    """Write RECORD for (path, digest, size) in their order; ``record`` is its own path, last."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for path, digest, size in rows:
        code = base64.urlsafe_b64encode(bytes.fromhex(digest.hex)).rstrip(b"=").decode()
        writer.writerow((path, f"sha256={code}", size))
    writer.writerow((record, "", ""))
    return out.getvalue().encode()


def new_hasher(row: RecordRow) -> "hashlib._Hash | None":
    """Make a hasher for a row whose algorithm is not SHA-256; None for the others."""
    return None if row.algorithm in {"", "sha256"} else hashlib.new(row.algorithm)


def digest_for(row: RecordRow, data: bytes | bytearray) -> bytes:
    """Hash ``data`` by the row's algorithm, SHA-256 where it names none."""
    hasher = new_hasher(row) or hashlib.sha256()
    hasher.update(data)
    return hasher.digest()


def _row(code: str, size: str, where: str) -> RecordRow:
    try:
        length = int(size) if size else None
        if not code:
            return RecordRow("", b"", length)
        algorithm, _, digest = code.partition("=")
        if algorithm not in _ALGORITHMS:
            raise ArchiveError(f"hash algorithm {algorithm[:20]!r} is too weak", where=where)
        raw = base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4))
    except ValueError as error:
        raise ArchiveError("malformed hash or size", where=where) from error
    return RecordRow(algorithm, raw, length)
