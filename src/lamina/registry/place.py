"""Place: where a repository is, from a reference alone; pure."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from lamina.oci.reference import Reference
from lamina.registry.names import API_HOSTS, HUB, canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A repository of a registry.

    ``registry`` is the name in references and credentials (``docker.io``); ``origin`` is where
    requests go; ``repository`` is the name in paths (``library/python``).  One that ``is_inside``
    is in a network whose other addresses it may send us to.
    """

    registry: str
    origin: str
    repository: str
    is_inside: bool = False

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}"


def place_of(
    reference: Reference, *, insecure: Collection[str] = (), inside: Collection[str] = ()
) -> Place:
    """Find where ``reference`` is.

    Plain HTTP is for the loopback, and for registries named in ``insecure``; that and ``inside``
    have names as :func:`lamina.registry.names.canonical` writes them.

    >>> place_of(Reference.parse("python:3.12-slim")).repository
    'library/python'
    """
    registry = reference.registry or HUB
    if registry in API_HOSTS:
        namespace = "" if "/" in reference.repository else "library/"
        return Place(
            registry=HUB,
            origin=f"https://{API_HOSTS[registry]}",
            repository=f"{namespace}{reference.repository}",
        )
    scheme = "http" if is_loopback(registry) or canonical(registry) in insecure else "https"
    return Place(
        registry=registry,
        origin=f"{scheme}://{registry}",
        repository=reference.repository,
        is_inside=canonical(registry) in inside,
    )


def is_in_the_open(url: str) -> bool:
    """Say whether what is sent to ``url`` leaves this machine without TLS.

    >>> is_in_the_open("http://registry.lan/v2/"), is_in_the_open("http://127.0.0.1:5000/v2/")
    (True, False)
    """
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.netloc)


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
