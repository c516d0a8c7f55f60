"""The resource and scope that spans and metrics of a build carry."""

from collections.abc import Sequence
from typing import Any

from lamina.history.record import BuildRecord
from lamina.history.tool import VERSION
from lamina.observers.otlp.values import attributes

_VERSION = VERSION.partition(" ")[2]


def resource(record: BuildRecord, own: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Say who built and where (semantic conventions, "Resource"); ``own`` is what the user says."""
    members = {
        "service.name": "lamina",
        "service.version": _VERSION,
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "lamina",
        "telemetry.sdk.version": _VERSION,
        "host.name": record.host,
        **dict(own),
    }
    return {"attributes": attributes(members)}


def scope() -> dict[str, str]:
    """Say which instrumentation this is."""
    return {"name": "lamina", "version": _VERSION}
