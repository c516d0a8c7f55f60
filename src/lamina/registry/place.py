"""Place: where a repository is, from a reference alone; pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lamina.oci.reference import Reference

_DEFAULT: Final = "docker.io"
_API_HOSTS: Final = {_DEFAULT: "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
"""Docker's registry answers at another name than the one in its references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A repository of a registry.

    ``registry`` is the name in references and credentials (``docker.io``); ``origin`` is where
    requests go; ``repository`` is the name in paths (``library/python``).
    """

    registry: str
    origin: str
    repository: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}"


def place_of(reference: Reference, *, insecure: Collection[str] = ()) -> Place:
    """Find where ``reference`` is.

    Plain HTTP is for the loopback, and for registries named in ``insecure``.

    >>> place_of(Reference.parse("python:3.12-slim")).repository
    'library/python'
    """
    registry = reference.registry or _DEFAULT
    if registry in _API_HOSTS:
        namespace = "" if "/" in reference.repository else "library/"
        return Place(
            registry=_DEFAULT,
            origin=f"https://{_API_HOSTS[registry]}",
            repository=f"{namespace}{reference.repository}",
        )
    scheme = "http" if is_loopback(registry) or registry in insecure else "https"
    return Place(
        registry=registry, origin=f"{scheme}://{registry}", repository=reference.repository
    )


def is_loopback(registry: str) -> bool:
    """Say whether ``host[:port]`` is this machine.

    >>> is_loopback("localhost:5000"), is_loopback("[::1]:5000"), is_loopback("127.evil.example")
    (True, True, False)
    """
    if registry == "[::1]" or registry.startswith("[::1]:"):
        return True
    host = registry.rpartition("@")[2].partition(":")[0]
    parts = host.split(".")
    is_127 = len(parts) == 4 and parts[0] == "127" and all(part.isdigit() for part in parts)  # noqa: PLR2004 - IPv4
    return host == "localhost" or is_127
