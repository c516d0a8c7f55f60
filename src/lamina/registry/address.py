"""Addresses that a registry names: which are followed, and who may learn who we are; pure.

A registry chooses where redirects, uploads and token requests go, so what it says is checked as
anything foreign (CVE-2020-15157; distribution-spec, "Redirects").
"""

import ipaddress
from urllib.parse import urldefrag, urljoin, urlsplit

from lamina.errors import NetworkError
from lamina.http.redact import redact

Origin = tuple[str, str, int]
"""Scheme, host and port."""

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """Name scheme, host and port, which credentials are bound to (RFC 6454).

    >>> origin_of("https://me@Example.org/v2/")
    ('https', 'example.org', 443)
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def follow(asked: str, location: str, *, where: str) -> str:
    """Resolve what the answer to ``asked`` names, its query kept byte by byte.

    Raises ``NetworkError`` for what is not HTTP, for a way from TLS into the open, and for an
    address inside somebody's network that a registry outside of it names.
    """
    try:
        target = urldefrag(urljoin(asked, location)).url
        origin = origin_of(target)
    except ValueError:  # an IPv6 address without its bracket, a port that is no number
        raise NetworkError("the registry names an address that is none", where=where) from None
    check(asked, origin, where=where)
    return target


def check(asked: str, target: Origin, *, where: str) -> None:
    """Raise ``NetworkError`` where the server behind ``asked`` must not send us to ``target``."""
    old, (new, host, _) = origin_of(asked), target
    if new not in _PORTS or not host or (old[0], new) == ("https", "http"):
        raise NetworkError(f"refused to go from {old[0]} to {new or 'nowhere'}", where=where)
    if is_internal(host) and not is_internal(old[1]):
        raise NetworkError(
            f"the registry sends us to {host}, an address of a network that it is not in",
            where=where,
        )


def check_realm(realm: str, registry: str, *, where: str) -> None:
    """Raise ``NetworkError`` where credentials for ``registry`` must not go to ``realm``.

    A registry that is asked in the open may have its token server there, too; no other may.
    """
    try:
        target = origin_of(realm)
    except ValueError:
        target = ("", "", 0)
    if target[0] not in _PORTS or not target[1]:
        raise NetworkError("the registry's token server has no address", where=where)
    try:
        check(registry, target, where=where)
    except NetworkError as error:
        raise NetworkError(
            f"the registry wants credentials sent to {redact(realm)[:200]!r}, which is not safe",
            where=where,
            why=error.what,
        ) from None


def is_internal(host: str) -> bool:
    """Say whether ``host`` names this machine or is a number of a network that is not public.

    >>> is_internal("169.254.169.254"), is_internal("localhost"), is_internal("example.org")
    (True, True, False)
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return False
