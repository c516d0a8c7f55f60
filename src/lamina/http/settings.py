"""What the user's environment says about HTTP."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Certificates, credentials and proxies.

    ``credentials`` maps an origin (``https://host:port``) to a user name and password, which go to
    no other origin.
    ``certificates`` is a PEM file of certificate authorities; None means the system's.
    ``authorities`` are directories with one more directory for each ``host:port``, whose ``.crt``
    files are trusted for that host alone (Docker's and containers' ``certs.d``).
    ``proxies`` maps ``http`` and ``https`` to a proxy's address.
    """

    certificates: Path | None = None
    credentials: tuple[tuple[str, tuple[str, str]], ...] = ()
    proxies: tuple[tuple[str, str], ...] = ()
    no_proxy: tuple[str, ...] = ()
    authorities: tuple[Path, ...] = ()
    timeout_s: float = 60.0
    connections: int = 8

    def authorities_for(self, url: str) -> tuple[Path, ...]:
        """List the certificates that are trusted for the host of ``url`` alone."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        folders = (directory / host for directory in self.authorities)
        return tuple(path for folder in folders for path in sorted(folder.glob("*.crt")))

    def proxy_for(self, url: str) -> str:
        """Return the address of the proxy for ``url``, empty where it is reached directly.

        What is on this machine never goes through a proxy.  A name in ``no_proxy`` stands for
        itself and all below it; ``*`` for everything.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_here = host in {"localhost", "::1"} or host.startswith("127.")
        if is_here or "*" in self.no_proxy:
            return ""
        names = (rule.lower().removeprefix("*").lstrip(".") for rule in self.no_proxy)
        if any(name and f".{host}".endswith(f".{name}") for name in names):
            return ""
        return dict(self.proxies).get(parts.scheme, "")
