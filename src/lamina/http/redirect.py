"""Where a download may go, and where a redirect may lead it; pure."""

from urllib.parse import urljoin, urlsplit

from lamina.errors import NetworkError
from lamina.http.redact import redact
from lamina.lock.index_credentials import origin


def check_address(url: str) -> None:
    """Raise ``NetworkError`` for what is not the address of a file on a server."""
    where = origin(url)
    if not where or urlsplit(where).hostname is None:
        raise NetworkError("not an address that can be fetched", where=redact(url))


def follow(url: str, location: str) -> str:
    """Resolve a redirect, but never to another protocol or to an unencrypted one."""
    old = urlsplit(url).scheme
    try:
        target = urljoin(url, location)
        new = urlsplit(target).scheme
    except ValueError:  # an IPv6 address without its bracket
        new = "nowhere"
    if new not in {"http", "https"} or (old, new) == ("https", "http"):
        raise NetworkError(f"refused to follow a redirect from {old} to {new}", where=redact(url))
    return target
