"""BuildKit's SolveStatus, out of JSON: what its rawjson progress says, one object at a time."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lamina.trace.lines import parse_time

KEYS = ("vertexes", "statuses", "logs", "warnings")


@dataclass(frozen=True, slots=True, kw_only=True)
class VertexUpdate:
    """A vertex as it is now; ``group`` is the id of what people see in its place, if any."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    started: float | None = None
    completed: float | None = None
    is_cached: bool = False
    error: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """How far a part of a vertex's work is."""

    vertex: str
    id: str
    current: int = 0
    total: int = 0
    timestamp: float | None = None
    started: float | None = None
    completed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUpdate:
    """Some bytes that a vertex printed."""

    vertex: str
    data: bytes
    timestamp: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningUpdate:
    """A remark of the frontend on a line of the Dockerfile, 0 if on none."""

    vertex: str
    text: str
    url: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveStatus:
    """What changed since the object before."""

    vertices: tuple[VertexUpdate, ...] = ()
    statuses: tuple[StatusUpdate, ...] = ()
    logs: tuple[LogUpdate, ...] = ()
    warnings: tuple[WarningUpdate, ...] = ()


def is_status(document: object) -> bool:
    """Say whether a JSON value is a SolveStatus, which may be empty."""
    return isinstance(document, dict) and all(key in KEYS for key in document)


def decode_status(document: Mapping[str, Any]) -> SolveStatus:
    """Read what can be read; members of the wrong type count as missing."""
    return SolveStatus(
        vertices=tuple(_vertex(o) for o in _objects(document, "vertexes") if _text(o, "digest")),
        statuses=tuple(_status(o) for o in _objects(document, "statuses") if _text(o, "id")),
        logs=tuple(_log(o) for o in _objects(document, "logs")),
        warnings=tuple(_warning(o) for o in _objects(document, "warnings")),
    )


def _vertex(o: Mapping[str, Any]) -> VertexUpdate:
    group = o.get("progressGroup")
    group = group if isinstance(group, dict) else {}
    inputs = o.get("inputs")
    return VertexUpdate(
        digest=_text(o, "digest"),
        name=_text(group, "name") or _text(o, "name"),
        inputs=tuple(i for i in inputs if isinstance(i, str)) if isinstance(inputs, list) else (),
        started=parse_time(o.get("started")),
        completed=parse_time(o.get("completed")),
        is_cached=o.get("cached") is True,
        error=_text(o, "error"),
        group=_text(group, "id"),
    )


def _status(o: Mapping[str, Any]) -> StatusUpdate:
    return StatusUpdate(
        vertex=_text(o, "vertex"),
        id=_text(o, "id"),
        current=_number(o, "current"),
        total=_number(o, "total"),
        timestamp=parse_time(o.get("timestamp")),
        started=parse_time(o.get("started")),
        completed=parse_time(o.get("completed")),
    )


def _log(o: Mapping[str, Any]) -> LogUpdate:
    return LogUpdate(
        vertex=_text(o, "vertex"),
        data=_bytes(o.get("data")),
        timestamp=parse_time(o.get("timestamp")),
    )


def _warning(o: Mapping[str, Any]) -> WarningUpdate:
    first = next(_objects(o, "range"), {})
    start = first.get("start")
    return WarningUpdate(
        vertex=_text(o, "vertex"),
        text=_bytes(o.get("short")).decode("utf-8", "replace"),
        url=_text(o, "url"),
        line=_number(start, "line") if isinstance(start, dict) else 0,
    )


def _objects(o: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    values = o.get(name)
    return (v for v in values if isinstance(v, dict)) if isinstance(values, list) else iter(())


def _text(o: Mapping[str, Any], name: str) -> str:
    value = o.get(name)
    return value if isinstance(value, str) else ""


def _number(o: Mapping[str, Any], name: str) -> int:
    value = o.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 63 else 0


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        return b""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
