"""Addresses without what must not be shown."""

from urllib.parse import urlsplit, urlunsplit


def redact(url: str) -> str:
    """Remove user name, password and query from ``url``, so that it can be shown.

    >>> redact("https://me:secret@example.org/simple/?token=1")
    'https://example.org/simple/'
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # an IPv6 address without its bracket
        return "(an address that cannot be read)"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
