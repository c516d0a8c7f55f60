"""Tokens: how one is asked for, as a generator of requests that somebody else sends; pure.

Follows the distribution project's "Token Authentication Specification" and "OAuth2 Token
Authentication".
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from lamina.errors import NetworkError
from lamina.registry.credentials import Credentials
from lamina.registry.error import refusal

LARGEST_ANSWER = 64 << 10
"""How many bytes of a token server's answer are read."""

_OK = 200
_NO_OAUTH2 = frozenset({404, 405})
_CLIENT = "lamina"
_DEFAULT_LIFETIME_S = 60.0
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A request to a token server; what says who we are is not shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """A token server's answer."""

    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token, and for how many seconds it is good."""

    value: str = field(repr=False)
    lifetime_s: float


TokenFlow = Generator[TokenRequest, TokenAnswer, Token]


def ask_for_token(
    *, realm: str, service: str, scopes: tuple[str, ...], credentials: Credentials, where: str
) -> TokenFlow:
    """Yield requests, be sent their answers, and return the token.

    An identity token is exchanged with a POST; a server that does not know those is asked with a
    GET, as containerd does.  Raises ``NetworkError`` when the server refuses or gives no token.
    """
    if credentials.identity_token:
        answer = yield _by_post(realm, service, scopes, credentials)
        if answer.status in _NO_OAUTH2:
            answer = yield _by_get(realm, service, scopes, credentials)
    else:
        answer = yield _by_get(realm, service, scopes, credentials)
    if answer.status != _OK:
        raise refusal(
            answer.status,
            answer.body,
            what="the request for a token",
            where=where,
            source=credentials.source,
        )
    return _read(answer.body, where)


def _by_post(
    realm: str, service: str, scopes: tuple[str, ...], credentials: Credentials
) -> TokenRequest:
    fields = {
        "grant_type": "refresh_token",
        "service": service,
        "client_id": _CLIENT,
        "scope": " ".join(scopes),
        "refresh_token": credentials.identity_token,
    }
    return TokenRequest(
        method="POST",
        url=realm,
        headers={"Content-Type": _FORM},
        body=urlencode(fields).encode(),
    )


def _by_get(
    realm: str, service: str, scopes: tuple[str, ...], credentials: Credentials
) -> TokenRequest:
    query = [("service", service)] if service else []
    query += [("scope", text) for text in scopes]
    headers = {}
    if not credentials.is_anonymous:
        query += [("account", credentials.user)] if credentials.user else []
        headers["Authorization"] = credentials.basic
    mark = "&" if "?" in realm else "?"
    return TokenRequest(method="GET", url=f"{realm}{mark}{urlencode(query)}", headers=headers)


def _read(body: bytes, where: str) -> Token:
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    table = answer if isinstance(answer, dict) else {}
    token = table.get("token") or table.get("access_token")
    if not isinstance(token, str) or not (token.isascii() and token.isprintable()):
        raise NetworkError("the token server's answer holds no token", where=where)
    return Token(value=token, lifetime_s=_lifetime_s(table.get("expires_in")))


def _lifetime_s(value: object) -> float:
    """Read how long a token is good; the specification has a minute where nobody says."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _DEFAULT_LIFETIME_S
    try:
        return float(value)
    except OverflowError:  # a number of hundreds of digits
        return _DEFAULT_LIFETIME_S
