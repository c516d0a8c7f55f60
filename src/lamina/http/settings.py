"""What the user's environment says about HTTP."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lamina.http.patience import USUAL_S
from lamina.http.proxy import is_direct


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Certificates, credentials and proxies.

    ``credentials`` maps an origin (``https://host:port``) to a user name and password, which go to
    no other origin.
    ``certificates`` is a PEM file of certificate authorities; None means the system's.
    ``authorities`` are directories with one more directory for each ``host:port``, whose ``.crt``
    files are trusted for that host alone (Docker's and containers' ``certs.d``).
    ``proxies`` maps ``http`` and ``https`` to a proxy's address.
    ``timeout_s`` is how long a server may be silent; see :mod:`lamina.http.patience`.
    """

    certificates: Path | None = None
    credentials: tuple[tuple[str, tuple[str, str]], ...] = ()
    proxies: tuple[tuple[str, str], ...] = ()
    no_proxy: tuple[str, ...] = ()
    authorities: tuple[Path, ...] = ()
    timeout_s: float = USUAL_S
    connections: int = 8

    def authorities_for(self, url: str) -> tuple[Path, ...]:
        """List the certificates that are trusted for the host of ``url`` alone."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        folders = (directory / host for directory in self.authorities)
        return tuple(path for folder in folders for path in sorted(folder.glob("*.crt")))

    def proxy_for(self, url: str) -> str:
        """Return the address of the proxy for ``url``, empty where it is reached directly.

        ``no_proxy`` is as in :func:`lamina.http.proxy.is_direct`.
        """
        parts = urlsplit(url)
        if is_direct(parts.hostname or "", self.no_proxy):
            return ""
        return dict(self.proxies).get(parts.scheme, "")
