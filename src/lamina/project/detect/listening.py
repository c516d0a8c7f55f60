"""On which port a program listens, and which of its paths says that it is well; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lamina.project.detect.code import Code
from lamina.project.detect.guess import Guess
from lamina.project.detect.snapshot import Snapshot

_DEFAULTS: Final[Mapping[str, int]] = {
    "fastapi": 8000,
    "starlette": 8000,
    "flask": 5000,
    "django": 8000,
    "streamlit": 8501,
    "gradio": 7860,
}
_HEALTH: Final = (
    "/healthz", "/health", "/health/live", "/livez", "/live", "/readyz", "/ready", "/_health",
    "/api/health", "/api/healthz", "/ping", "/status",
)  # fmt: skip
_EXPOSE: Final = re.compile(r"^EXPOSE\s+(\d+)", re.MULTILINE | re.IGNORECASE)
_BOUND: Final = re.compile(r"(?:--port[= ]|-p\s+|--bind[= ]\S*:|-b\s+\S*:|--server\.port[= ])(\d+)")
_PAGE_PORT: Final = re.compile(r"^\s*port\s*=\s*(\d+)", re.MULTILINE)


def find_port(snapshot: Snapshot, framework: str, codes: Sequence[Code]) -> Guess[int]:
    """Take what a Procfile, the code or a Dockerfile says, else the framework's own; else 0."""
    for port, why in _ports(snapshot, codes):
        if 0 < port < 1 << 16:
            return Guess(value=port, why=why)
    if port := _DEFAULTS.get(framework, 0):
        return Guess(value=port, why=f"it is the usual one of {framework}")
    return Guess(value=0, why="nothing names one")


def find_health(framework: str, codes: Sequence[Code]) -> Guess[str]:
    """Take a route that is called like one; ``/`` answers as well where it is a route."""
    routes = dict(_routes(framework, codes))
    for path in _HEALTH:
        for written in (path, f"{path}/"):
            if written in routes:
                return Guess(value=written, why=f"it is a route in {routes[written]}")
    if "/" in routes:
        return Guess(value="/", why=f"no route is called health, and / is one in {routes['/']}")
    return Guess(value="", why="no route is called health")


def _ports(snapshot: Snapshot, codes: Sequence[Code]) -> Iterator[tuple[int, str]]:
    for number in _BOUND.findall(snapshot.text("Procfile")):
        yield int(number), "Procfile says so"
    for number in _PAGE_PORT.findall(snapshot.text(".streamlit/config.toml")):
        yield int(number), ".streamlit/config.toml says so"
    for code in codes:
        for port, line in code.ports:
            yield port, f"{code.path}:{line} says so"
    for path in ("Dockerfile", "docker/Dockerfile"):
        for number in _EXPOSE.findall(snapshot.text(path)):
            yield int(number), f"{path} exposes it"


def _routes(framework: str, codes: Sequence[Code]) -> Iterator[tuple[str, str]]:
    """Yield the paths whose whole is known."""
    if framework == "django":
        roots = {code.module.rpartition(".")[0] for code in codes if _is_settings(code)}
        known = [code for code in codes if code.module in {f"{root}.urls" for root in roots}]
        found = [(code, route) for code in known for route in code.routes if route[0] != "/"]
    else:
        is_moved = any(code.has_prefixes for code in codes)
        every = [(code, route) for code in codes for route in code.routes]
        found = [(code, r) for code, r in every if r[1] in code.owners or not is_moved]
    for code, (path, _, line) in found:
        yield path, f"{code.path}:{line}"


def _is_settings(code: Code) -> bool:
    return code.module.endswith((".wsgi", ".asgi", ".settings"))
