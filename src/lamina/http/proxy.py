"""A proxy, as the environment names it, and who is reached without one; pure."""

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from lamina.errors import InputError
from lamina.lock.index_credentials import Login, origin, without_login


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An address, and what says who we are to it."""

    address: str
    login: Login | None = field(default=None, repr=False)


def parse_proxy(text: str, *, scheme: str) -> Proxy:
    """Read the address of the proxy for ``scheme``; one without a scheme is asked over HTTP.

    Raises ``InputError``, which does not show it, for what is no address.
    """
    address = text if "://" in text else f"http://{text}"
    if not origin(address) or not urlsplit(address).hostname:
        raise InputError(
            f"the proxy for {scheme} has no address that can be read",
            where=f"{scheme.upper()}_PROXY",
            hint="it looks like http://host:3128; in a user or password write what is neither "
            "letter nor digit as a percent and its code, such as %5B for [",
        )
    parts = urlsplit(address)
    if parts.username is None:
        return Proxy(address=address)
    login = unquote(parts.username), unquote(parts.password or "")
    return Proxy(address=without_login(address), login=login)


def basic(login: Login) -> str:
    """Write a user name and a password as a header holds them (RFC 7617)."""
    # What of the environment is no UTF-8 is sent as the bytes that it is.
    return "Basic " + base64.b64encode(":".join(login).encode(errors="surrogateescape")).decode()


def is_direct(host: str, rules: tuple[str, ...]) -> bool:
    """Say whether ``host``, in lower case, is reached without a proxy.

    What is on this machine always is.  A name stands for itself and all below it, a network such as
    ``10.0.0.0/8`` for the addresses in it, and ``*`` for everything.

    >>> is_direct("10.1.2.3", ("10.0.0.0/8",)), is_direct("a.example", (".example",))
    (True, True)
    """
    address = _address(host)
    is_here = address.is_loopback if address else host.rstrip(".") == "localhost"
    if is_here or "*" in rules:
        return True
    names = (rule.lower().removeprefix("*").lstrip(".") for rule in rules)
    if any(name and f".{host}".endswith(f".{name}") for name in names):
        return True
    return address is not None and any(address in network for network in _networks(rules))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _networks(rules: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    found = []
    for rule in rules:
        try:
            found.append(ipaddress.ip_network(rule, strict=False))
        except ValueError:  # a name
            continue
    return found
