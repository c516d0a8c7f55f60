"""A collector on loopback that reads OTLP over HTTP as the standard's own definitions do."""

import base64
import gzip
import json
import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar

from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lamina.testing.loopback import Connection, LoopbackService

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
_IDS = {"traceId", "spanId", "parentSpanId"}


def read_message(kind: type[Message], body: bytes, *, is_json: bool) -> Any:
    """Read a message; raise for members that the standard does not know."""
    if is_json:
        return json_format.Parse(json.dumps(_with_base64(json.loads(body))), kind())
    message = kind()
    message.ParseFromString(body)
    size = message.ByteSize()
    message.DiscardUnknownFields()
    assert message.ByteSize() == size, "the standard does not know all members"
    return message


def _with_base64(value: Any) -> Any:
    """Turn ids from OTLP's hex into what protobuf's own JSON has."""
    if isinstance(value, list):
        return [_with_base64(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64encode(bytes.fromhex(item)).decode() if name in _IDS else _with_base64(item)
        for name, item in value.items()
    }


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request: where it went, with which headers, and what it said."""

    path: str
    headers: dict[str, str]
    message: Any = field(repr=False)


class Collector(LoopbackService):
    """Keeps what it is sent while a ``with`` block runs.

    ``status`` is what it answers; ``refused`` how many items it says that it refused; it answers
    when ``may_answer`` is set, as it is at first.
    """

    KINDS: ClassVar[dict[str, tuple[Any, Any, str]]] = {
        "traces": (ExportTraceServiceRequest, ExportTraceServiceResponse, "rejected_spans"),
        "metrics": (
            ExportMetricsServiceRequest, ExportMetricsServiceResponse, "rejected_data_points",
        ),
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Received] = []
        self.status = 200
        self.refused = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def serve(self, connection: Connection) -> None:
        body = b"".join(connection.body_parts())
        path, _ = connection.route
        headers = {name.lower(): value for name, value in connection.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        is_json = headers["content-type"] == JSON
        assert is_json or headers["content-type"] == PROTOBUF
        request, answer, refused = self.KINDS[path.rpartition("/")[2]]
        message = read_message(request, body, is_json=is_json)
        self.received.append(Received(path=path, headers=headers, message=message))
        self.may_answer.wait(30)
        said = answer()
        if self.refused:
            setattr(said.partial_success, refused, self.refused)
        data = json_format.MessageToJson(said).encode() if is_json else said.SerializeToString()
        connection.reply(self.status, {"Content-Type": headers["content-type"]}, data)

    @property
    def spans(self) -> list[Span]:
        """All spans, in the order in which they came."""
        return [
            span
            for one in self.received
            for group in getattr(one.message, "resource_spans", ())
            for scoped in group.scope_spans
            for span in scoped.spans
        ]

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics that came last, by name."""
        return {
            metric.name: metric
            for one in self.received
            for group in getattr(one.message, "resource_metrics", ())
            for scoped in group.scope_metrics
            for metric in scoped.metrics
        }

    @property
    def resource(self) -> dict[str, Any]:
        """The attributes of the resource that came last."""
        message = self.received[-1].message
        groups = getattr(message, "resource_spans", None) or message.resource_metrics
        return plain(groups[0].resource.attributes)


def plain(attributes: Any) -> dict[str, Any]:
    """Turn attributes into a table; none may come twice."""
    table = {one.key: _value(one.value) for one in attributes}
    assert len(table) == len(attributes)
    return table


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    assert kind is not None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind)
