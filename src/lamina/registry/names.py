"""How registries are called, in references, credentials and variables; pure."""

import re
from collections.abc import Mapping
from typing import Final

from lamina.errors import UsageError

HUB: Final = "docker.io"
API_HOSTS: Final = {HUB: "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
"""Docker's registry answers at another name than the one in its references."""

_NAMES_OF_HUB: Final = frozenset({*API_HOSTS, *API_HOSTS.values()})
_ADDRESS = re.compile(r"(?:https?://)?([^/]*)(?:/|/v[12]/?)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(?::[0-9]+)?")


def canonical(registry: str) -> str:
    """Name a registry in one way, whatever name and case it was written with.

    >>> canonical("Index.docker.io"), canonical("registry.example:5000")
    ('docker.io', 'registry.example:5000')
    """
    name = registry.lower()
    return HUB if name in _NAMES_OF_HUB else name


def registry_name(text: str, *, variable: str) -> str:
    """Read a registry's name, or the address that some tools want, as references have it.

    Raises ``UsageError`` for anything else in ``variable``, which is not shown.

    >>> registry_name("https://Registry.example/", variable="X")
    'registry.example'
    """
    match = _ADDRESS.fullmatch(text.strip())
    host = match[1].lower() if match else ""
    if not _HOST.fullmatch(host):
        raise UsageError(
            f"{variable} is not the name of a registry",
            hint="it looks like registry.example.com or registry.example.com:5000",
        )
    return canonical(host)


def registries_in(environment: Mapping[str, str], variable: str) -> frozenset[str]:
    """Read a list of registries, separated by commas; raise ``UsageError`` for what is none."""
    names = environment.get(variable, "").split(",")
    return frozenset(registry_name(name, variable=variable) for name in names if name.strip())
