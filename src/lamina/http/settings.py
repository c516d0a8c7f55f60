"""What the user's environment says about HTTP."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Certificates, credentials and proxies.

    ``credentials`` maps an origin (``https://host:port``) to a user name and password.
    ``certificates`` is a PEM file of certificate authorities; None means the system's.
    ``proxies`` maps ``http`` and ``https`` to a proxy's address.
    """

    certificates: Path | None = None
    credentials: tuple[tuple[str, tuple[str, str]], ...] = ()
    proxies: tuple[tuple[str, str], ...] = ()
    no_proxy: tuple[str, ...] = ()
    timeout_s: float = 60.0
    connections: int = 8
