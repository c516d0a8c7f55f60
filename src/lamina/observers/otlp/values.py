"""Values as OTLP writes them: attributes, times, identifiers."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from lamina.history.logins import hide_logins

_LONGEST: Final = 1000
LARGEST: Final = (1 << 63) - 1
"""The largest number that fits into 64 bits with a sign."""

Plain = str | bool | int | float | tuple[str, ...] | None


def attributes(members: Mapping[str, Plain]) -> list[dict[str, Any]]:
    """Write attributes; those without a value (None, an empty text or tuple) are left out.

    Texts lose the logins in their addresses, and their end where they are long.
    """
    return [
        {"key": name, "value": _any(value)}
        for name, value in members.items()
        if value is not None and value not in ("", ())
    ]


def _any(value: str | bool | float | tuple[str, ...]) -> dict[str, Any]:  # noqa: FBT001 - a value
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": min(value, LARGEST)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": text(value)}
        case _:
            return {"arrayValue": {"values": [{"stringValue": text(item)} for item in value]}}


def text(value: str) -> str:
    """Return a text as it may leave the machine: without logins, and not long."""
    return hide_logins(value)[:_LONGEST]


def nanoseconds(seconds: float) -> int:
    """Turn seconds since the epoch into nanoseconds, which end in 2262."""
    return max(0, min(round(seconds * 1e9), LARGEST))


def trace_id(build: str) -> bytes:
    """Name the trace of a build; equal builds have equal names, however often they are sent."""
    return sha256(f"trace {build}".encode(errors="replace")).digest()[:16]


def span_id(build: str, step: str = "") -> bytes:
    """Name the span of a step, or of the build itself."""
    return sha256(f"span {build} {step}".encode(errors="replace")).digest()[:8]
