"""The messages of OTLP that Lamina sends, as far as it fills them (opentelemetry-proto, v1).

A message is a table from the names of its members to their number and kind in protobuf; a kind that
is a table itself is another message.
"""

from enum import Enum
from typing import Any, Final


class Kind(Enum):
    """How a value is written in protobuf; in JSON bytes are hex, and the 64-bit ones texts."""

    TEXT = "string"
    BYTES = "bytes"
    BOOL = "bool"
    INT64 = "int64"
    UINT32 = "uint32"
    FIXED32 = "fixed32"
    FIXED64 = "fixed64"
    SFIXED64 = "sfixed64"
    DOUBLE = "double"


Message = dict[str, tuple[int, Any]]

_ANY: Final[Message] = {
    "stringValue": (1, Kind.TEXT),
    "boolValue": (2, Kind.BOOL),
    "intValue": (3, Kind.INT64),
    "doubleValue": (4, Kind.DOUBLE),
}
_ANY["arrayValue"] = (5, {"values": (1, _ANY)})
_ATTRIBUTE: Final[Message] = {"key": (1, Kind.TEXT), "value": (2, _ANY)}
_RESOURCE: Final[Message] = {"attributes": (1, _ATTRIBUTE)}
_SCOPE: Final[Message] = {"name": (1, Kind.TEXT), "version": (2, Kind.TEXT)}

_EVENT: Final[Message] = {
    "timeUnixNano": (1, Kind.FIXED64),
    "name": (2, Kind.TEXT),
    "attributes": (3, _ATTRIBUTE),
}
_LINK: Final[Message] = {
    "traceId": (1, Kind.BYTES),
    "spanId": (2, Kind.BYTES),
    "attributes": (4, _ATTRIBUTE),
}
_STATUS: Final[Message] = {"message": (2, Kind.TEXT), "code": (3, Kind.UINT32)}
_SPAN: Final[Message] = {
    "traceId": (1, Kind.BYTES),
    "spanId": (2, Kind.BYTES),
    "traceState": (3, Kind.TEXT),
    "parentSpanId": (4, Kind.BYTES),
    "name": (5, Kind.TEXT),
    "kind": (6, Kind.UINT32),
    "startTimeUnixNano": (7, Kind.FIXED64),
    "endTimeUnixNano": (8, Kind.FIXED64),
    "attributes": (9, _ATTRIBUTE),
    "events": (11, _EVENT),
    "links": (13, _LINK),
    "droppedLinksCount": (14, Kind.UINT32),
    "status": (15, _STATUS),
    "flags": (16, Kind.FIXED32),
}

_NUMBER: Final[Message] = {
    "startTimeUnixNano": (2, Kind.FIXED64),
    "timeUnixNano": (3, Kind.FIXED64),
    "asDouble": (4, Kind.DOUBLE),
    "asInt": (6, Kind.SFIXED64),
    "attributes": (7, _ATTRIBUTE),
}
_DISTRIBUTION: Final[Message] = {
    "startTimeUnixNano": (2, Kind.FIXED64),
    "timeUnixNano": (3, Kind.FIXED64),
    "count": (4, Kind.FIXED64),
    "sum": (5, Kind.DOUBLE),
    "bucketCounts": (6, Kind.FIXED64),
    "explicitBounds": (7, Kind.DOUBLE),
    "attributes": (9, _ATTRIBUTE),
    "min": (11, Kind.DOUBLE),
    "max": (12, Kind.DOUBLE),
}
_METRIC: Final[Message] = {
    "name": (1, Kind.TEXT),
    "description": (2, Kind.TEXT),
    "unit": (3, Kind.TEXT),
    "gauge": (5, {"dataPoints": (1, _NUMBER)}),
    "sum": (
        7,
        {
            "dataPoints": (1, _NUMBER),
            "aggregationTemporality": (2, Kind.UINT32),
            "isMonotonic": (3, Kind.BOOL),
        },
    ),
    "histogram": (
        9,
        {"dataPoints": (1, _DISTRIBUTION), "aggregationTemporality": (2, Kind.UINT32)},
    ),
}


def _request(group: str, inner: str, items: str, item: Message) -> Message:
    scoped: Message = {"scope": (1, _SCOPE), items: (2, item)}
    return {group: (1, {"resource": (1, _RESOURCE), inner: (2, scoped)})}


TRACES: Final = _request("resourceSpans", "scopeSpans", "spans", _SPAN)
METRICS: Final = _request("resourceMetrics", "scopeMetrics", "metrics", _METRIC)
