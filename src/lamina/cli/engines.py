"""The engine on this machine, found as the docker command finds it, or else podman."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lamina.destinations.daemon import DaemonDestination
from lamina.destinations.docker_engine import DockerEngine
from lamina.destinations.local_engine import LocalEngine
from lamina.destinations.podman import PodmanProgram
from lamina.errors import UsageError
from lamina.http.local import Address
from lamina.oci.reference import Reference
from lamina.protocols import Destination
from lamina.registry.place import is_loopback
from lamina.store.store import Store

_SOCKET = Path("/var/run/docker.sock")
_PORT = 2375


class Engines:
    """Makes destinations in engines, which are talked to when something goes there."""

    def __init__(self, store: Store, variables: Mapping[str, str]) -> None:
        self._store = store
        self._variables = variables

    def docker(self, names: Sequence[str]) -> Destination:
        """Make the destination ``docker-daemon:``, which is Docker's API whoever serves it."""
        return self._destination(names, DockerEngine(docker_address(self._variables)))

    def any(self, names: Sequence[str]) -> Destination:
        """Make the destination of ``--load``: Docker, or podman where that is what there is."""
        return self._destination(names, _any_engine(self._variables))

    def _destination(self, names: Sequence[str], engine: LocalEngine) -> Destination:
        return DaemonDestination(engine, tuple(map(_name, names)), self._store)


def docker_address(variables: Mapping[str, str]) -> Address:
    """Find where Docker listens: ``DOCKER_HOST``, the context that is in use, or the usual socket.

    Raises ``UsageError`` for places that Lamina does not talk to.
    """
    host = variables.get("DOCKER_HOST", "")
    if host:
        return _address(host, "DOCKER_HOST", variables)
    name = _context(variables)
    if name not in {"", "default"}:
        return _address(_endpoint(name, variables), f"Docker's context {name!r}", variables)
    rootless = Path(variables.get("XDG_RUNTIME_DIR") or "/run") / "docker.sock"
    is_rootless = not _SOCKET.exists() and rootless.exists()
    return Address(path=str(rootless if is_rootless else _SOCKET))


def _any_engine(variables: Mapping[str, str]) -> LocalEngine:
    """Prefer Docker, unless only podman is there."""
    address = docker_address(variables)
    podman = shutil.which("podman", path=variables.get("PATH"))
    if podman and address == Address(path=str(_SOCKET)) and not _SOCKET.exists():
        return PodmanProgram(podman, variables)
    return DockerEngine(address)


def _address(text: str, source: str, variables: Mapping[str, str]) -> Address:
    scheme, _, rest = text.partition("://")
    if scheme == "unix" and rest:
        return Address(path=rest)
    address = _loopback(rest) if scheme in {"tcp", "http"} else None
    if address is None:
        raise UsageError(
            f"{source} is {text!r}, where Lamina loads nothing",
            hint="images are loaded over unix:///path, or tcp:// on the loopback; "
            "push to a registry to reach other machines",
        )
    if variables.get("DOCKER_TLS_VERIFY"):
        raise UsageError(
            "images are loaded without TLS, and DOCKER_TLS_VERIFY asks for it",
            hint="use the engine's socket: DOCKER_HOST=unix:///path",
        )
    return address


def _loopback(text: str) -> Address | None:
    """Read ``host[:port]``; None for anything but this machine."""
    try:
        parts = urlsplit(f"//{text}")
        port = _PORT if parts.port is None else parts.port
    except ValueError:
        return None
    is_here = is_loopback(parts.netloc) and "@" not in parts.netloc
    return Address(host=parts.hostname or "", port=port) if is_here else None


def _context(variables: Mapping[str, str]) -> str:
    """Say which context the docker command would use; empty for none."""
    named = variables.get("DOCKER_CONTEXT", "")
    return named or str(_read(_config(variables) / "config.json").get("currentContext") or "")


def _endpoint(name: str, variables: Mapping[str, str]) -> str:
    folder = hashlib.sha256(name.encode()).hexdigest()  # as Docker names it
    document = _read(_config(variables) / "contexts/meta" / folder / "meta.json")
    try:
        return str(document["Endpoints"]["docker"]["Host"])
    except (KeyError, TypeError):
        raise UsageError(
            f"Docker's context {name!r} is not there",
            hint="`docker context ls` lists those that are; DOCKER_HOST comes before all of them",
        ) from None


def _config(variables: Mapping[str, str]) -> Path:
    return Path(variables.get("DOCKER_CONFIG") or Path(variables.get("HOME") or "/", ".docker"))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(text: str) -> Reference:
    reference = Reference.parse(text)
    if reference.digest is not None:
        raise UsageError(
            f"{text!r} is a digest, which no image can be given", hint="write it as name:tag"
        )
    return reference
