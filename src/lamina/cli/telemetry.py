"""OpenTelemetry at the edge: whether builds are exported, with which certificates and proxies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # loaded only where there is an endpoint
    from lamina.history.record import BuildRecord
    from lamina.history.rows import BuildRow
    from lamina.http.exchange import Exchange
    from lamina.observers.otlp.settings import OpenExchange

_ENDPOINTS: Final = tuple(
    f"OTEL_EXPORTER_OTLP_{name}" for name in ("ENDPOINT", "TRACES_ENDPOINT", "METRICS_ENDPOINT")
)


def telemetry(variables: Mapping[str, str]) -> "Telemetry | None":
    """Return what exports builds; None where no endpoint is set, or all is switched off."""
    is_off = variables.get("OTEL_SDK_DISABLED", "").lower() == "true"
    is_wanted = not is_off and any(variables.get(name) for name in _ENDPOINTS)
    return Telemetry(variables) if is_wanted else None


class Telemetry:
    """Exports builds that have ended, as OpenTelemetry's variables say."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def ready(self) -> None:
        """Nothing has to be done before a build is known."""

    def hear(self, record: "BuildRecord", row: "BuildRow") -> Iterable[str]:
        """Export a build; return what the user should know."""
        return self.send([(record, row)])

    def send(self, builds: "Sequence[tuple[BuildRecord, BuildRow]]") -> tuple[str, ...]:
        """Export builds; return what the user should know."""
        from lamina.observers.otlp.export import export  # noqa: PLC0415 - seldom needed
        from lamina.observers.otlp.settings import otlp_settings  # noqa: PLC0415

        return export(builds, otlp_settings(self._variables), _exchanges(self._variables))


def _exchanges(variables: Mapping[str, str]) -> "OpenExchange":
    """Make HTTP clients with the user's proxies, and with the certificates of each route."""
    from lamina.cli.wiring import http_settings  # noqa: PLC0415 - 0.1 s
    from lamina.http.client import HttpClient  # noqa: PLC0415

    settings = http_settings(variables)

    @cache
    def client(certificates: str, timeout_s: float) -> "Exchange":
        own = Path(certificates) if certificates else settings.certificates
        return HttpClient(replace(settings, certificates=own, timeout_s=timeout_s))

    return lambda route: client(route.certificates, route.timeout_s)
