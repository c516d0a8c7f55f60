"""Builds are exported as the OpenTelemetry standard says, read with the standard's own messages."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from lamina.errors import NetworkError
from lamina.history.fold import Header, fold
from lamina.history.record import BuildOutcome, BuildRecord, StepOutcome, StepRecord
from lamina.history.rows import BuildRow, row_of
from lamina.http.client import HttpClient
from lamina.http.exchange import Answer, Body, Exchange
from lamina.http.settings import HttpSettings
from lamina.observers.otlp.export import export, request
from lamina.observers.otlp.settings import OtlpSettings, Route, otlp_settings
from lamina.observers.otlp.spans import MOST_LINKS, MOST_STEPS
from tests.history.builds import COLD, WARM, records
from tests.support.collector import Collector, plain, read_message

COLD_BUILD = replace(
    fold(
        Header(
            id="c01d", engine="native", tool="lamina 0.1.0", names=("r/shop:1", "r/shop:main"),
            branch="main", revision="a" * 40, ci="github", host="box",
        ),
        COLD,
    )
)  # fmt: skip
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def row(record: BuildRecord, previous: BuildRecord | None = None) -> BuildRow:
    return row_of(record, {}, previous)


def exchange(route: Route) -> Exchange:
    return HttpClient(HttpSettings(timeout_s=route.timeout_s))


def send(
    collector: Collector, record: BuildRecord = COLD_BUILD, **variables: str
) -> tuple[str, ...]:
    found = otlp_settings({ENDPOINT: collector.origin, **variables})
    return export([(record, row(record))], found, exchange)


def by_name(collector: Collector) -> dict[str, Span]:
    return {span.name: span for span in collector.spans}


def test_a_build_is_a_trace_with_a_span_for_each_step(collector: Collector) -> None:
    assert send(collector) == ()

    spans = by_name(collector)
    root = spans["build shop"]
    assert len(collector.spans) == 1 + len(COLD_BUILD.steps)
    assert {span.trace_id for span in spans.values()} == {root.trace_id}
    assert len({span.span_id for span in collector.spans}) == len(collector.spans)
    assert (len(root.trace_id), len(root.span_id), root.parent_span_id) == (16, 8, b"")
    assert {span.kind for span in spans.values()} == {Span.SPAN_KIND_INTERNAL}
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (100 * 10**9, 115 * 10**9)
    assert spans["build linux/amd64"].parent_span_id == root.span_id
    layer = spans["layer big-thing"]
    assert layer.parent_span_id == spans["build linux/amd64"].span_id
    assert (layer.start_time_unix_nano, layer.end_time_unix_nano) == (105 * 10**9, 109 * 10**9)


def test_a_step_links_to_those_that_it_waited_for(collector: Collector) -> None:
    send(collector)

    spans = by_name(collector)
    fetch = spans["fetch big_thing-1.0-py3-none-any.whl"]
    assert fetch.span_id in {link.span_id for link in spans["layer big-thing"].links}
    assert {link.trace_id for span in spans.values() for link in span.links} == {fetch.trace_id}


def test_attributes_have_the_names_of_the_semantic_conventions(collector: Collector) -> None:
    send(collector)

    found = plain(by_name(collector)["build shop"].attributes)
    assert found["cicd.pipeline.task.name"] == "build shop"
    assert found["cicd.pipeline.task.type"] == "build"
    assert found["cicd.pipeline.task.run.id"] == "c01d"
    assert found["cicd.pipeline.task.run.result"] == "success"
    assert found["vcs.ref.head.name"] == "main"
    assert found["vcs.ref.head.revision"] == "a" * 40
    assert found["vcs.ref.head.type"] == "branch"
    assert found["container.image.name"] == "r/shop"
    assert found["container.image.tags"] == ["1", "main"]
    assert found["container.image.repo_digests"] == [f"r/shop@{COLD_BUILD.digest}"]
    assert found["oci.manifest.digest"] == COLD_BUILD.digest
    assert "error.type" not in found
    assert found["lamina.build.image_bytes"] == 451
    layer = plain(by_name(collector)["layer big-thing"].attributes)
    assert layer["lamina.step.kind"] == "layer"
    assert layer["lamina.layer.size"] == 50


def test_the_resource_is_lamina_unless_the_variables_say_something_else(
    collector: Collector,
) -> None:
    send(collector)
    own = collector.resource
    assert (own["service.name"], own["host.name"]) == ("lamina", "box")
    assert own["telemetry.sdk.language"] == "python"

    send(
        collector,
        OTEL_SERVICE_NAME="image builds",
        OTEL_RESOURCE_ATTRIBUTES="service.name=x,team=a%20b,host.name=runner",
    )

    found = collector.resource
    assert (found["service.name"], found["team"]) == ("image builds", "a b")
    assert found["host.name"] == "runner"


def test_a_build_joins_the_trace_that_asked_for_it(collector: Collector) -> None:
    send(collector, TRACEPARENT=f"00-{'ab' * 16}-{'cd' * 8}-01", TRACESTATE="vendor=1")

    root = by_name(collector)["build shop"]
    assert {span.trace_id.hex() for span in collector.spans} == {"ab" * 16}
    assert root.parent_span_id.hex() == "cd" * 8
    assert root.trace_state == "vendor=1"


def test_a_trace_that_is_not_kept_gets_no_spans(collector: Collector) -> None:
    send(collector, TRACEPARENT=f"00-{'ab' * 16}-{'cd' * 8}-00")

    assert collector.spans == []
    assert collector.metrics


def test_a_failed_step_has_an_error_and_says_nothing_that_it_printed(collector: Collector) -> None:
    step = StepRecord(
        id="1", name="RUN make", outcome=StepOutcome.FAILED, log=("canary",), warnings=("old",),
        error="exit code 2, see https://me:s3cret@example.org/log",
    )  # fmt: skip
    record = replace(
        COLD_BUILD, steps=(step,), outcome=BuildOutcome.FAILED, error="RUN make failed"
    )

    send(collector, record)

    root, span = collector.spans
    assert (root.status.code, root.status.message) == (Status.STATUS_CODE_ERROR, "RUN make failed")
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert span.status.message == "exit code 2, see https://example.org/log"
    assert plain(span.attributes)["cicd.pipeline.task.run.result"] == "failure"
    assert plain(span.attributes)["error.type"] == "_OTHER"
    assert [event.name for event in span.events] == ["lamina.warning"]
    assert "canary" not in str(collector.received)
    assert "s3cret" not in str([one.message for one in collector.received])


def test_metrics_are_those_of_the_row(collector: Collector) -> None:
    send(collector)

    metrics = collector.metrics
    (duration,) = metrics["lamina.build.duration"].histogram.data_points
    assert (duration.count, duration.sum, duration.min, duration.max) == (1, 15, 15, 15)
    place = list(duration.bucket_counts).index(1)
    assert duration.explicit_bounds[place - 1] < 15 <= duration.explicit_bounds[place]
    assert len(duration.bucket_counts) == len(duration.explicit_bounds) + 1
    assert (duration.start_time_unix_nano, duration.time_unix_nano) == (100 * 10**9, 115 * 10**9)
    assert plain(duration.attributes)["cicd.pipeline.task.run.result"] == "success"
    assert gauge(collector, "lamina.build.time_hit_ratio") == 0.0
    assert gauge(collector, "lamina.image.size") == 451
    assert "lamina.build.reuse_ratio" not in metrics, "there was no build before"
    moved = metrics["lamina.build.transfer"].sum
    assert moved.is_monotonic
    assert (
        moved.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    )
    assert {
        plain(point.attributes)["lamina.transfer"]: point.as_int for point in moved.data_points
    } == {"fetched": 50, "uploaded": 50}
    steps = metrics["lamina.build.steps"].sum.data_points
    assert sum(point.as_int for point in steps) == len(COLD_BUILD.steps)
    assert {metric.unit for metric in metrics.values()} == {"s", "1", "By", "{step}"}


def gauge(collector: Collector, name: str) -> float:
    (point,) = collector.metrics[name].gauge.data_points
    return float(point.as_int if point.HasField("as_int") else point.as_double)


def test_the_build_after_shares_its_bytes(collector: Collector) -> None:
    warm = fold(Header(id="3a3a", engine="native"), WARM)
    found = otlp_settings({ENDPOINT: collector.origin})

    export([(warm, row(warm, COLD_BUILD))], found, exchange)

    assert gauge(collector, "lamina.build.reuse_ratio") == 1.0
    assert gauge(collector, "lamina.build.pull_size") == 0
    (layers,) = collector.metrics["lamina.build.layer"].sum.data_points
    assert plain(layers.attributes)["lamina.layer.is_cached"] is True
    assert layers.as_int == 451


def test_counters_are_deltas_where_the_variables_prefer_that(collector: Collector) -> None:
    send(collector, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="Delta")

    kinds = {
        metric.sum.aggregation_temporality or metric.histogram.aggregation_temporality
        for metric in collector.metrics.values()
        if metric.HasField("sum") or metric.HasField("histogram")
    }
    assert kinds == {AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA}


def test_json_says_the_same_as_protobuf(collector: Collector) -> None:
    send(collector)
    send(collector, OTEL_EXPORTER_OTLP_PROTOCOL="http/json", OTEL_EXPORTER_OTLP_COMPRESSION="gzip")

    binary, text = collector.received[:2], collector.received[2:]
    assert [one.path for one in binary] == ["/v1/traces", "/v1/metrics"]
    assert [one.message for one in binary] == [one.message for one in text]
    assert text[0].headers["content-encoding"] == "gzip"


@given(record=records)
@settings(max_examples=60, deadline=None)
def test_any_record_can_be_exported(record: BuildRecord) -> None:
    """Both encodings of whatever a record holds are read back as one and the same message."""
    built = [(record, row(record))]
    for signal, kind in (
        ("traces", ExportTraceServiceRequest), ("metrics", ExportMetricsServiceRequest),
    ):  # fmt: skip
        route = Route(signal=signal, url="http://localhost")
        wanted = OtlpSettings(routes=(route,))
        binary = read_message(kind, request(built, wanted, route), is_json=False)
        text = request(built, wanted, replace(route, is_json=True))

        assert binary == read_message(kind, text, is_json=True)


@pytest.mark.slow
def test_a_huge_build_is_cut_and_says_so(collector: Collector) -> None:
    steps = tuple(
        StepRecord(id=str(n), name=f"step {n}", inputs=tuple(map(str, range(n))))
        for n in range(MOST_STEPS + 5)
    )

    send(collector, replace(COLD_BUILD, steps=steps))

    assert len(collector.spans) == 1 + MOST_STEPS
    assert plain(collector.spans[0].attributes)["lamina.build.steps_left_out"] == 5
    assert max(len(span.links) for span in collector.spans) == MOST_LINKS
    assert collector.spans[-1].dropped_links_count == MOST_STEPS - 1 - MOST_LINKS


def test_headers_are_sent_and_never_shown(collector: Collector) -> None:
    collector.status = 401

    (problem,) = send(collector, OTEL_EXPORTER_OTLP_HEADERS="api-key=s3%20cret, x=1")

    assert collector.received[0].headers["api-key"] == "s3 cret"
    assert collector.received[0].headers["x"] == "1"
    assert problem == (
        f"OpenTelemetry: traces are not exported to {collector.origin}/v1/traces: the collector "
        f"answered 401; metrics are not exported to {collector.origin}/v1/metrics: the collector "
        "answered 401"
    )


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_what_a_collector_refuses_is_told(collector: Collector, protocol: str) -> None:
    collector.refused = 3

    (problem,) = send(collector, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)

    assert problem.count("refused 3 of what it was sent") == 2


def test_a_collector_that_does_not_answer_is_not_waited_for_long(collector: Collector) -> None:
    collector.may_answer.clear()
    began = time.monotonic()

    (problem,) = send(collector, OTEL_EXPORTER_OTLP_TIMEOUT="300")

    took = time.monotonic() - began
    collector.may_answer.set()
    assert "traces are not exported" in problem
    assert len(collector.received) == 1, "nobody answers there, so nobody is asked again"
    assert took < 2


class Stuck:
    """An exchange that neither answers nor fails, as when no name server answers."""

    def __init__(self) -> None:
        self.end = threading.Event()

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | bytes | None
    ) -> Answer:
        self.end.wait(30)
        raise NetworkError(f"{method} {url} {headers} {body!r}")


def test_whatever_keeps_an_answer_it_is_not_waited_for_long() -> None:
    found = otlp_settings({ENDPOINT: "http://collector", "OTEL_EXPORTER_OTLP_TIMEOUT": "100"})
    stuck = Stuck()

    notices = export([(COLD_BUILD, row(COLD_BUILD))], found, lambda _: stuck)

    stuck.end.set()
    (line,) = notices
    assert line.startswith("OpenTelemetry: traces are not exported to http://collector/v1/traces")
    assert line.endswith(": no answer after 0.1 s"), "metrics go there as well, and are not tried"


def test_a_collector_that_is_not_there_is_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        found = otlp_settings({ENDPOINT: address})

        notices = export([(COLD_BUILD, row(COLD_BUILD))], found, exchange)

    (line,) = notices
    assert line.startswith(f"OpenTelemetry: traces are not exported to {address}/v1/traces: ")
    assert "\n" not in line
