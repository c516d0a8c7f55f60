"""Export: send builds to collectors, once and for a short while; never fail."""

import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlsplit

from lamina.errors import LaminaError, NetworkError
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow
from lamina.http.exchange import Exchange
from lamina.http.redact import redact
from lamina.observers.otlp.metrics import metrics
from lamina.observers.otlp.resource import resource, scope
from lamina.observers.otlp.schema import METRICS, TRACES, Message
from lamina.observers.otlp.settings import OpenExchange, OtlpSettings, Route
from lamina.observers.otlp.spans import spans
from lamina.observers.otlp.wire import rejected, to_json, to_protobuf
from lamina.parallel import Later

_GOOD: Final = range(200, 300)
_LONGEST_ANSWER: Final = 64 << 10
_GZIP: Final = 31  # zlib's number for that format

Builds = Sequence[tuple[BuildRecord, BuildRow]]


def export(builds: Builds, settings: OtlpSettings, open_exchange: OpenExchange) -> tuple[str, ...]:
    """Send the builds; return what the user should know: one line, or none.

    One signal goes after the other, and nothing is tried twice.  Where nobody has answered in time,
    whatever the reason, nobody is waited for any longer, nor asked again.
    """
    problems = list(settings.problems)
    silent: set[str] = set()
    for route in settings.routes:
        host = urlsplit(route.url).netloc
        body = b"" if host in silent else request(builds, settings, route)
        if not body:
            continue
        problem, is_silent = _tried(route, body, open_exchange)
        silent |= {host} if is_silent else set()
        if problem:
            problems.append(f"{route.signal} are not exported to {redact(route.url)}: {problem}")
    return (f"OpenTelemetry: {'; '.join(problems)}",) if problems else ()


def request(builds: Builds, settings: OtlpSettings, route: Route) -> bytes:
    """Write what one route is sent; empty where there is nothing to send."""
    message, schema = _message(builds, settings, route.signal)
    if not message:
        return b""
    body = to_json(message, schema) if route.is_json else to_protobuf(message, schema)
    if not route.is_compressed:
        return body
    deflater = zlib.compressobj(wbits=_GZIP)
    return deflater.compress(body) + deflater.flush()


def _message(builds: Builds, settings: OtlpSettings, signal: str) -> tuple[dict[str, Any], Message]:
    if signal == "traces":
        traced = [(record, spans(record, row, settings.context)) for record, row in builds]
        groups = [
            _group(record, settings, "scopeSpans", {"spans": found})
            for record, found in traced
            if found
        ]
        return ({"resourceSpans": groups} if groups else {}), TRACES
    measured = ((r, metrics(r, row, is_delta=settings.is_delta)) for r, row in builds)
    groups = [
        _group(record, settings, "scopeMetrics", {"metrics": found}) for record, found in measured
    ]
    return ({"resourceMetrics": groups} if groups else {}), METRICS


def _group(
    record: BuildRecord, settings: OtlpSettings, name: str, items: dict[str, Any]
) -> dict[str, Any]:
    return {
        "resource": resource(record, settings.resource),
        name: [{"scope": scope(), **items}],
    }


def _tried(route: Route, body: bytes, open_exchange: OpenExchange) -> tuple[str, bool]:
    """Send, and say what went wrong, if anything did, and whether nobody answers there."""
    later = Later(lambda: _send(route, body, open_exchange(route)), is_abandonable=True)
    try:
        return later.result(timeout_s=route.timeout_s), False
    except TimeoutError:
        return f"no answer after {route.timeout_s:g} s", True
    except LaminaError as error:
        return (f"{error.what} ({error.why})" if error.why else error.what), True
    except Exception as error:  # noqa: BLE001 - a header or address that the HTTP library refuses
        return type(error).__name__, True


def _send(route: Route, body: bytes, exchange: Exchange) -> str:
    headers = {
        **dict(route.headers),
        "Content-Type": "application/json" if route.is_json else "application/x-protobuf",
        **({"Content-Encoding": "gzip"} if route.is_compressed else {}),
    }
    with closing(exchange.send("POST", route.url, headers, body)) as answer:
        if answer.status not in _GOOD:
            return f"the collector answered {answer.status}"
        count = rejected(_read(answer.read), is_json=route.is_json)
    return f"the collector refused {count} of what it was sent" if count else ""


def _read(read: Callable[[int], bytes]) -> bytes:
    data = b""
    try:
        while len(data) < _LONGEST_ANSWER and (part := read(_LONGEST_ANSWER - len(data))):
            data += part
    except NetworkError:
        return b""  # it has said already that it has everything
    return data
