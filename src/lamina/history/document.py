"""A build record as a JSON document, with the number of its schema."""

import json
import re
from typing import Any, Final

from lamina.errors import InputError
from lamina.history.codec import decode, encode
from lamina.history.record import SCHEMA, BuildRecord

ID: Final = re.compile("[0-9A-Za-z_-]{1,64}")
"""What a build's id looks like: it is a key of databases and the name of a file."""


def record_to_json(record: BuildRecord) -> dict[str, Any]:
    """Turn a record into a JSON object; members with their default are left out."""
    return {"schema": SCHEMA, **encode(record)}


def record_from_json(value: object) -> BuildRecord:
    """Read a record, also one of a newer Lamina as far as it is understood.

    Raises ``InputError`` that names the member which is missing or of another type.
    """
    schema = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise InputError("not a build record", hint='its member "schema" is a number from 1')
    record = decode(BuildRecord, value)
    if not ID.fullmatch(record.id):
        raise InputError(f"{record.id[:70]!a} is no build's id", where="id")
    return record


def record_to_text(record: BuildRecord) -> str:
    """Write a record as one line of ASCII."""
    return json.dumps(record_to_json(record), separators=(",", ":"))


def record_from_text(text: str | bytes) -> BuildRecord:
    """Read a record's line; raise ``InputError`` for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("not valid JSON", why=str(error)[:200]) from error
    return record_from_json(value)
