"""OpenTelemetry's variables mean what its specification says."""

import pytest

from lamina.observers.otlp.context import trace_context
from lamina.observers.otlp.settings import PATIENCE_S, otlp_settings

E = "OTEL_EXPORTER_OTLP_"


def routes(**variables: str) -> dict[str, str]:
    found = {name.replace("OTLP_", E, 1): value for name, value in variables.items()}
    return {route.signal: route.url for route in otlp_settings(found).routes}


def test_without_an_endpoint_nothing_is_sent() -> None:
    assert routes(OTLP_HEADERS="a=b") == {}


def test_the_examples_of_the_specification() -> None:
    """exporter.md, "Endpoint URLs for OTLP/HTTP", examples 1 to 3."""
    assert routes(OTLP_ENDPOINT="http://collector:4318") == {
        "traces": "http://collector:4318/v1/traces",
        "metrics": "http://collector:4318/v1/metrics",
    }
    assert routes(
        OTLP_TRACES_ENDPOINT="http://collector:4318",
        OTLP_METRICS_ENDPOINT="https://collector.example.com/v1/metrics",
    ) == {
        "traces": "http://collector:4318",
        "metrics": "https://collector.example.com/v1/metrics",
    }
    assert routes(
        OTLP_ENDPOINT="http://collector:4318/mycollector/",
        OTLP_METRICS_ENDPOINT="https://collector.example.com/v1/metrics/",
    ) == {
        "traces": "http://collector:4318/mycollector/v1/traces",
        "metrics": "https://collector.example.com/v1/metrics/",
    }


def test_a_signal_alone_may_be_exported() -> None:
    assert list(routes(OTLP_TRACES_ENDPOINT="http://c")) == ["traces"]
    assert list(routes(OTLP_ENDPOINT="http://c", OTEL_TRACES_EXPORTER="none")) == ["metrics"]
    assert list(routes(OTLP_ENDPOINT="http://c", OTEL_METRICS_EXPORTER="console, otlp")) == [
        "traces", "metrics",
    ]  # fmt: skip


def test_a_signals_own_variable_wins() -> None:
    found = otlp_settings(
        {
            f"{E}ENDPOINT": "http://c", f"{E}HEADERS": "a=1", f"{E}METRICS_HEADERS": "b=2",
            f"{E}TIMEOUT": "5000", f"{E}TRACES_TIMEOUT": "250", f"{E}CERTIFICATE": "/ca.pem",
            f"{E}PROTOCOL": "http/json", f"{E}METRICS_PROTOCOL": "http/protobuf",
            f"{E}TRACES_COMPRESSION": "gzip",
        }
    )  # fmt: skip

    traces, metrics = found.routes
    assert (traces.headers, metrics.headers) == ((("a", "1"),), (("b", "2"),))
    assert (traces.timeout_s, metrics.timeout_s) == (0.25, 5.0)
    assert (traces.is_json, metrics.is_json) == (True, False)
    assert (traces.is_compressed, metrics.is_compressed) == (True, False)
    assert traces.certificates == metrics.certificates == "/ca.pem"
    assert "a" not in repr(traces).partition("headers")[1]


@pytest.mark.parametrize("timeout", ["", "soon", "-1", "9" * 40, "²"])
def test_a_timeout_that_is_none_is_ours(timeout: str) -> None:
    (route, _) = otlp_settings({f"{E}ENDPOINT": "http://c", f"{E}TIMEOUT": timeout}).routes

    assert route.timeout_s == PATIENCE_S


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({f"{E}PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"),
        ({f"{E}ENDPOINT": "collector:4318"}, "no http: or https: address"),
        ({f"{E}ENDPOINT": "http://[::1"}, "no http: or https: address"),
        ({f"{E}ENDPOINT": "http://c:99999"}, "no http: or https: address"),
        ({f"{E}HEADERS": "s3cret"}, "OTEL_EXPORTER_OTLP_HEADERS is no list of key=value"),
        ({f"{E}HEADERS": "a=s3cret%0d%0ab: c"}, "OTEL_EXPORTER_OTLP_HEADERS is no list"),
    ],
)
def test_what_cannot_be_followed_is_told_without_secrets(
    variables: dict[str, str], problem: str
) -> None:
    found = otlp_settings({f"{E}ENDPOINT": "http://c", **variables})

    assert found.routes == ()
    assert len(found.problems) == 2
    assert problem in found.problems[0]
    assert "s3cret" not in str(found)


def test_resource_attributes_that_are_none_are_passed_over() -> None:
    found = otlp_settings({f"{E}ENDPOINT": "http://c", "OTEL_RESOURCE_ATTRIBUTES": "a=1,b"})

    assert (found.resource, len(found.routes)) == ((), 2)
    assert "OTEL_RESOURCE_ATTRIBUTES" in found.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "", "x", f"00-{'ab' * 16}-{'cd' * 8}", f"00-{'AB' * 16}-{'cd' * 8}-01",
        f"ff-{'ab' * 16}-{'cd' * 8}-01", f"00-{'00' * 16}-{'cd' * 8}-01",
        f"00-{'ab' * 16}-{'00' * 8}-01", f"00-{'ab' * 16}-{'cd' * 8}-01-more",
    ],
)  # fmt: skip
def test_a_traceparent_that_is_none_is_passed_over(text: str) -> None:
    assert trace_context({"TRACEPARENT": text}) is None


def test_a_traceparent_of_a_later_version_is_understood() -> None:
    found = trace_context({"TRACEPARENT": f"01-{'ab' * 16}-{'cd' * 8}-01-more"})

    assert found is not None
    assert found.is_sampled


def test_a_state_that_is_hostile_is_passed_over() -> None:
    parent = f"00-{'ab' * 16}-{'cd' * 8}-01"

    for state in ("a" * 600, "a=\x1b[31m"):
        found = trace_context({"TRACEPARENT": parent, "TRACESTATE": state})
        assert found is not None
        assert found.state == ""
