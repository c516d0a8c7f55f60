"""What OpenTelemetry's own variables say: where signals go, and how; pure.

The variables and their defaults are those of the specification ("OpenTelemetry Protocol Exporter",
"General SDK Configuration"), with two exceptions: without an endpoint nothing is sent, and the
patience is shorter, because a build waits for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from lamina.http.exchange import Exchange
from lamina.observers.otlp.context import TraceContext, trace_context

PREFIX: Final = "OTEL_EXPORTER_OTLP_"
PATIENCE_S: Final = 3.0
_LONGEST_PATIENCE_S: Final = 60.0
_PROTOCOLS: Final = {"": False, "http/protobuf": False, "http/json": True}
SIGNALS: Final = ("traces", "metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one signal goes, and how; ``headers`` hold secrets and are never shown."""

    signal: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout_s: float = PATIENCE_S
    is_json: bool = False
    is_compressed: bool = False
    certificates: str = ""


OpenExchange = Callable[[Route], Exchange]
"""Makes what sends the requests of one route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpSettings:
    """Routes of the signals that are wanted, and what is said of every build.

    ``problems`` are lines for the user: what of the variables cannot be followed.
    """

    routes: tuple[Route, ...]
    resource: tuple[tuple[str, str], ...] = ()
    context: TraceContext | None = None
    is_delta: bool = False
    problems: tuple[str, ...] = ()


def otlp_settings(variables: Mapping[str, str]) -> OtlpSettings:
    """Read the variables; what is wrong in them is a problem and never an error."""
    problems: list[str] = []
    wanted = [signal for signal in SIGNALS if _is_exported(variables, signal)]
    found = [_route(variables, signal, problems) for signal in wanted]
    resource = _pairs(variables.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    if resource is None:
        problems.append("OTEL_RESOURCE_ATTRIBUTES is no list of key=value, and is passed over")
    service = variables.get("OTEL_SERVICE_NAME", "")
    preference = variables.get(f"{PREFIX}METRICS_TEMPORALITY_PREFERENCE", "").lower()
    return OtlpSettings(
        routes=tuple(route for route in found if route),
        resource=((("service.name", service),) if service else ())
        + tuple(pair for pair in resource or () if not (service and pair[0] == "service.name")),
        context=trace_context(variables),
        is_delta=preference in {"delta", "lowmemory"},
        problems=tuple(problems),
    )


def _is_exported(variables: Mapping[str, str], signal: str) -> bool:
    chosen = variables.get(f"OTEL_{signal.upper()}_EXPORTER", "")
    return not chosen or "otlp" in chosen.replace(" ", "").split(",")


def _route(variables: Mapping[str, str], signal: str, problems: list[str]) -> Route | None:
    def read(name: str) -> str:
        own = variables.get(f"{PREFIX}{signal.upper()}_{name}", "")
        return own or variables.get(f"{PREFIX}{name}", "")

    url = _url(variables, signal)
    if not url:
        return None
    protocol = read("PROTOCOL")
    headers = _pairs(read("HEADERS"))
    reason = _unusable(url, protocol, headers is not None)
    if reason:
        problems.append(f"{signal} are not exported: {reason}")
        return None
    return Route(
        signal=signal,
        url=url,
        headers=headers or (),
        timeout_s=_patience_s(read("TIMEOUT")),
        is_json=_PROTOCOLS[protocol],
        is_compressed=read("COMPRESSION") == "gzip",
        certificates=read("CERTIFICATE"),
    )


def _url(variables: Mapping[str, str], signal: str) -> str:
    """Return where a signal goes (exporter.md, "Endpoint URLs for OTLP/HTTP")."""
    own = variables.get(f"{PREFIX}{signal.upper()}_ENDPOINT", "")
    if own:
        return own
    base = variables.get(f"{PREFIX}ENDPOINT", "")
    return f"{base.rstrip('/')}/v1/{signal}" if base else ""


def _unusable(url: str, protocol: str, has_good_headers: bool) -> str:  # noqa: FBT001 - one of three facts
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_address = is_address and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        return "the endpoint is no http: or https: address"
    if protocol not in _PROTOCOLS:
        known = ", ".join(filter(None, _PROTOCOLS))
        return f"Lamina speaks {known}, and OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}"
    return "" if has_good_headers else "OTEL_EXPORTER_OTLP_HEADERS is no list of key=value"


def _patience_s(milliseconds: str) -> float:
    """Read a timeout, which is in milliseconds."""
    if not milliseconds.isascii() or not milliseconds.isdigit() or len(milliseconds) > 9:  # noqa: PLR2004 - 11 days
        return PATIENCE_S
    return min(int(milliseconds) / 1000, _LONGEST_PATIENCE_S) or _LONGEST_PATIENCE_S


def _pairs(text: str) -> tuple[tuple[str, str], ...] | None:
    """Read ``key=value,key=value`` with percent signs (W3C Baggage); None where it is not that."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        pair = unquote(key.strip()), unquote(value.strip())
        if not equals or not pair[0] or not "".join(pair).isprintable():
            return None
        found.append(pair)
    return tuple(dict(found).items())
