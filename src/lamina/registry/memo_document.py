"""The memo as a document: layers and facts in a bounded list, sealed with a key; pure.

Whoever can write to a repository can write a memo there, and a digest says nothing about what a
blob was made from.  So a memo counts only with the seal of somebody who has the team's key: an
HMAC (RFC 2104) with SHA-256 of the document's bytes.  Each of its rows is true for ever, on
whatever machine and in whatever repository, so an old document that somebody puts back does no
harm.  Decision 11 says what else was considered.
"""

import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from lamina.errors import ImageError, IntegrityError
from lamina.layer.compress import compress
from lamina.layer.contents import Contents
from lamina.oci.canonical_json import canonical_json
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer

MOST_LAYERS: Final = 400
MOST_FACTS: Final = 100
LARGEST_DOCUMENT: Final = 4 << 20
LARGEST_CONTENTS: Final = 64 << 20

_VERSION = 1
_PURPOSE = b"lamina memo\n"
_SCHEME = "hmac-sha256:"
_LARGEST_UNPACKED = 1 << 30

FactKey = tuple[str, str]
"""Topic and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A JSON value, when it was found out, and the file that it is about."""

    value: object
    since: float = 0.0
    file: Descriptor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoRow:
    """A layer, and the blob that lists what it holds."""

    layer: Layer
    contents: Descriptor


@dataclass(frozen=True, kw_only=True)
class MemoDocument:
    """Layers by key and facts by topic and key, the last used first."""

    rows: Mapping[str, MemoRow] = field(default_factory=dict)
    facts: Mapping[FactKey, Fact] = field(default_factory=dict)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What a registry has to keep for it: contents and files, each once."""
        files = (fact.file for fact in self.facts.values() if fact.file)
        return tuple(dict.fromkeys((*(row.contents for row in self.rows.values()), *files)))

    def with_front(self, rows: Mapping[str, MemoRow], facts: Mapping[FactKey, Fact]) -> Self:
        """Return the document with ``rows`` and ``facts`` in front.

        The oldest are dropped: facts before rows, until no more is left than others read.
        """
        room = _Room(LARGEST_DOCUMENT - len(type(self)().to_bytes()))
        found_rows = _in_front(rows, self.rows, MOST_LAYERS)
        found_facts = _in_front(facts, self.facts, MOST_FACTS)
        return type(self)(
            rows={
                key: row for key, row in found_rows.items() if room.takes(_row_to_json(key, row))
            },
            facts={key: x for key, x in found_facts.items() if room.takes(_fact_to_json(key, x))},
        )

    def to_bytes(self) -> bytes:
        """Write the document as canonical JSON."""
        return canonical_json(
            {
                "version": _VERSION,
                "layers": [_row_to_json(key, row) for key, row in self.rows.items()],
                "facts": [_fact_to_json(key, fact) for key, fact in self.facts.items()],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote; raise ``ImageError`` for anything else."""
        try:
            value = json.loads(data)
            if value["version"] != _VERSION:
                raise ImageError(f"the memo has version {str(value['version'])[:20]}")
            return cls(
                rows={str(row["key"]): _row_from_json(row) for row in value["layers"]},
                facts=dict(map(_fact_from_json, value["facts"])),
            )
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise ImageError("not a memo", why=str(error)[:200]) from error


class _Room:
    """What is left of a document's bytes; one that is too large for it leaves it to the next."""

    def __init__(self, size: int) -> None:
        self._left = size

    def takes(self, value: dict[str, Any]) -> bool:
        """Say whether a member of a list fits, and if so keep its place."""
        size = len(canonical_json(value)) + len(b",")
        does_fit = size <= self._left
        self._left -= size if does_fit else 0
        return does_fit


def seal(data: bytes, key: bytes) -> str:
    """Compute the seal of a document's bytes."""
    return _SCHEME + hmac.new(key, _PURPOSE + data, hashlib.sha256).hexdigest()


def check_seal(data: bytes, claimed: str, key: bytes) -> None:
    """Raise ``IntegrityError`` for another seal than the key's."""
    if not hmac.compare_digest(seal(data, key).encode(), claimed.encode()):
        raise IntegrityError("its seal is not of this key", hint="is LAMINA_MEMO_KEY everybody's?")


def pack_contents(contents: Contents) -> bytes:
    """Write a layer's contents as a blob."""
    return compress(canonical_json(contents.to_json()))


def unpack_contents(data: bytes) -> Contents:
    """Read what :func:`pack_contents` wrote; raise ``ImageError`` for anything else."""
    try:
        plain = zlib.decompressobj(wbits=31).decompress(data, _LARGEST_UNPACKED)
        return Contents.from_json(json.loads(plain))
    except (ValueError, TypeError, LookupError, zlib.error, RecursionError) as error:
        raise ImageError("not the contents of a layer", why=str(error)[:200]) from error


def _row_to_json(key: str, row: MemoRow) -> dict[str, Any]:
    return {
        "key": key,
        "descriptor": row.layer.descriptor.to_json(),
        "diffId": str(row.layer.diff_id),
        "createdBy": row.layer.created_by,
        "contents": row.contents.to_json(),
    }


def _row_from_json(row: Mapping[str, Any]) -> MemoRow:
    layer = Layer(
        descriptor=Descriptor.from_json(row["descriptor"]),
        diff_id=Digest.parse(row["diffId"]),
        created_by=str(row["createdBy"]),
    )
    return MemoRow(layer=layer, contents=Descriptor.from_json(row["contents"]))


def _fact_to_json(key: FactKey, fact: Fact) -> dict[str, Any]:
    file = fact.file.to_json() if fact.file else None
    members = {"value": fact.value, "since": fact.since, "file": file}
    return {"topic": key[0], "key": key[1], **members}


def _fact_from_json(row: Mapping[str, Any]) -> tuple[FactKey, Fact]:
    file = Descriptor.from_json(row["file"]) if row["file"] else None
    fact = Fact(value=row["value"], since=float(row["since"]), file=file)
    return (str(row["topic"]), str(row["key"])), fact


def _in_front(new: Mapping[Any, Any], old: Mapping[Any, Any], most: int) -> dict[Any, Any]:
    rest = {key: value for key, value in old.items() if key not in new}
    return dict([*new.items(), *rest.items()][:most])
