"""Records that travel with images: what of one goes to a registry, and what of one is believed.

Whoever may push to a repository can write any record there.  So a record that comes from one is
read strictly, says nothing about images elsewhere, and is only ever shown and counted.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lamina.errors import InputError
from lamina.history.document import record_from_text, record_to_text
from lamina.history.record import BuildOutcome, BuildRecord, PublicationRecord, repository

_LARGEST_TEXT: Final = 4 << 20
_LARGEST_PACKED: Final = 512 << 10
_GZIP: Final = 31  # zlib's number for that format
_ID: Final = re.compile("[0-9a-f]{8,64}")
_DEEPEST: Final = 40
_LATER_S: Final = 86_400.0
_REGISTRY: Final = "docker://"


def published(record: BuildRecord, where: str) -> bytes:
    """Write what the repository ``where`` may know of a build; raise ``InputError`` if it is large.

    It names no machine, no image elsewhere and no folder here, and holds nothing that a step
    printed.  The fingerprint is left out where there is no room for it.
    """
    names = tuple(name for name in record.names if repository(name) == where)
    steps = tuple(replace(step, log=(), error="", warnings=()) for step in record.steps)
    held = tuple(one for one in record.publications if repository(_name(one.destination)) == where)
    shared = replace(
        record, host="", names=names, steps=steps, publications=held, warnings=(), error=""
    )
    for candidate in (shared, replace(shared, fingerprint=None)):
        data = _packed(candidate)
        if len(data) <= _LARGEST_PACKED:
            return data
    raise InputError(f"the record has {len(data)} bytes, more than {_LARGEST_PACKED}")


def believed(data: bytes, where: str, now: float, *, project: str = "") -> BuildRecord:
    """Read a record from the repository ``where``; raise ``InputError`` for what cannot be one.

    Whatever it says of names, it is a build of that repository: tags are all that is kept of them.
    It is one of ``project`` if both say so, and of no project else: a record must not get among the
    builds of a project here by itself.
    """
    record = record_from_text(_unpacked(data))
    if not _ID.fullmatch(record.id):
        raise InputError("the id of a build record is none")
    if record.kind != "build" or record.outcome is not BuildOutcome.DONE:
        raise InputError("it is no record of a build that was pushed")
    if record.started > now + _LATER_S:
        raise InputError("the build is said to have been in the future")
    if _is_deep(record.fingerprint):
        raise InputError("the record is nested too deep")
    held = [(f"{where}{_tag(_name(one.destination))}", one.digest) for one in record.publications]
    names = [f"{where}{_tag(name)}" for name in record.names] or [name for name, _ in held]
    return replace(
        record,
        names=tuple(dict.fromkeys(names)) or (where,),
        publications=tuple(
            PublicationRecord(destination=f"{_REGISTRY}{name}", digest=digest)
            for name, digest in held
        ),
        project=project if record.project == project else "",
        host="",
    )


def _name(destination: str) -> str:
    return destination.removeprefix(_REGISTRY) if destination.startswith(_REGISTRY) else ""


def _tag(name: str) -> str:
    found = name.removeprefix(repository(name)).partition("@")[0]
    return found if re.fullmatch(r":\w[\w.-]{0,127}", found, re.ASCII) else ""


def _packed(record: BuildRecord) -> bytes:
    deflater = zlib.compressobj(wbits=_GZIP)
    return deflater.compress(record_to_text(record).encode()) + deflater.flush()


def _unpacked(data: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=_GZIP)
    try:
        text = inflater.decompress(data, _LARGEST_TEXT)
    except zlib.error as error:
        raise InputError("a build record is not compressed as it should be") from error
    if not inflater.eof:
        raise InputError(f"a build record is cut off, or larger than {_LARGEST_TEXT} bytes")
    return text


def _is_deep(value: Any, depth: int = 0) -> bool:  # noqa: ANN401 - whatever JSON holds
    if depth > _DEEPEST:
        return True
    items = value.values() if isinstance(value, Mapping) else value
    is_nested = isinstance(value, Mapping | list)
    return is_nested and any(_is_deep(item, depth + 1) for item in items)
