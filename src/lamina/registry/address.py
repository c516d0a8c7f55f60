"""Addresses that a registry names: which are followed, and who may learn who we are; pure.

A registry chooses where redirects, uploads and token requests go, so what it says is checked as
anything foreign (CVE-2020-15157; distribution-spec, "Redirects").
"""

import ipaddress
import socket
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from lamina.errors import NetworkError
from lamina.http.redact import redact
from lamina.registry.place import Place

Origin = tuple[str, str, int]
"""Scheme, host and port."""

INSIDE: Final = "LAMINA_INTERNAL_REGISTRIES"
"""The variable that names registries in the user's own network."""

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """Name scheme, host and port, which credentials are bound to (RFC 6454).

    >>> origin_of("https://me@Example.org/v2/")
    ('https', 'example.org', 443)
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def follow(asked: str, location: str, *, where: str, is_inside: bool = False) -> str:
    """Resolve what the answer to ``asked`` names, its query kept byte by byte.

    Raises ``NetworkError`` for what is not HTTP, for a way from TLS into the open, and for an
    address inside somebody's network that a registry outside of it names: see :func:`check`.
    """
    try:
        target = urldefrag(urljoin(asked, location)).url
        origin = origin_of(target)
    except ValueError:  # an IPv6 address without its bracket, a port that is no number
        raise NetworkError("the registry names an address that is none", where=where) from None
    check(asked, origin, where=where, is_inside=is_inside)
    return target


def is_from_inside(place: Place, url: str) -> bool:
    """Say whether ``url`` is at a registry that the user says is inside a network."""
    return place.is_inside and origin_of(url) == origin_of(place.origin)


def check(asked: str, target: Origin, *, where: str, is_inside: bool = False) -> None:
    """Raise ``NetworkError`` where the server behind ``asked`` must not send us to ``target``.

    A server with the number of a network that is not public may send us to others such.  One with a
    name may where it ``is_inside``, for a name says nothing: but not to this machine, nor to a link
    of it, where a cloud keeps the machine's own credentials.
    """
    old, (new, host, _) = origin_of(asked), target
    if new not in _PORTS or not host or (old[0], new) == ("https", "http"):
        raise NetworkError(f"refused to go from {old[0]} to {new or 'nowhere'}", where=where)
    is_allowed = is_internal(old[1]) or (is_inside and _is_of_a_network(host))
    if is_internal(host) and not is_allowed:
        raise NetworkError(
            f"the registry sends us to {host}, in a network that it is not known to be in",
            where=where,
            hint=f"if {urlsplit(asked).netloc} is in your own network, name it in {INSIDE}",
        )


def check_realm(realm: str, registry: str, *, where: str, is_inside: bool = False) -> None:
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
        check(registry, target, where=where, is_inside=is_inside)
    except NetworkError as error:
        raise NetworkError(
            f"the registry wants credentials sent to {redact(realm)[:200]!r}, which is not safe",
            where=where,
            why=error.what,
            hint=error.hint,
        ) from None


def is_internal(host: str) -> bool:
    """Say whether ``host`` names this machine or is a number of a network that is not public.

    Numbers are read in all the ways that the C library reads them.  Names are not looked up.

    >>> is_internal("169.254.169.254"), is_internal("localhost"), is_internal("example.org")
    (True, True, False)
    >>> is_internal("2130706433"), is_internal("0x7f.1"), is_internal("127.1")
    (True, True, True)
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _number_of(name)
    return address is not None and (not address.is_global or address.is_multicast)


def _is_of_a_network(host: str) -> bool:
    address = _number_of(host.rstrip(".").lower())
    return address is not None and not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )


def _number_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):  # ValueError: a name with a zero byte, or that is no ASCII
        return None
