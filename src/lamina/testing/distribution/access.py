"""Access: who may do what, by password or by token (distribution's token authentication)."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from lamina.testing.distribution.wire import Asked, RefusalError, Reply, no_such_page

TOKEN_PATH = "/token"  # noqa: S105 - an address
_EXPIRES_IN_S = 300

Need = tuple[str, str]
"""A repository, and the action on it: pull, push or delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """Everything for whoever knows the password, nothing for anybody else."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Tokens from ``/token`` of the same server, by GET and, unless told otherwise, by OAuth2.

    A token opens ``requests_per_token`` requests, then it has expired; None is for ever.
    ``identity_token`` is the refresh token of the user; whoever asks for one gets it.
    ``grants`` are the actions that the user is allowed at all.
    """

    user: str
    password: str = field(repr=False)
    identity_token: str = field(default="identity-token", repr=False)
    requests_per_token: int | None = None
    allows_anonymous_pull: bool = False
    has_oauth2: bool = True
    grants: tuple[str, ...] = ("pull", "push", "delete")
    service: str = "in-memory"


@dataclass(slots=True)
class _Token:
    access: frozenset[Need]
    uses_left: int | None


class Gate:
    """Lets requests through, or refuses them with a challenge; ``scopes`` are those asked for."""

    def __init__(self, auth: Basic | Bearer | None) -> None:
        self._auth = auth
        self._tokens: dict[str, _Token] = {}
        self._issued = 0
        self.scopes: list[str] = []

    def check(self, asked: Asked, needs: tuple[Need, ...]) -> None:
        """Raise ``RefusalError`` unless ``asked`` may do what it ``needs``."""
        match self._auth:
            case Basic(user=user, password=password):
                if _login(asked) != (user, password):
                    raise _unauthorized('Basic realm="in-memory"')
            case Bearer() as bearer:
                self._check_token(asked, needs, bearer)
            case None:
                return

    def token(self, asked: Asked) -> Reply:
        """Answer a request for a token; 404 where there are none."""
        if not isinstance(self._auth, Bearer):
            return no_such_page()
        if asked.method == "POST" and self._auth.has_oauth2:
            return self._by_oauth2(asked, self._auth)
        if asked.method == "GET":
            return self._by_get(asked, self._auth)
        return no_such_page()

    def _check_token(self, asked: Asked, needs: tuple[Need, ...], bearer: Bearer) -> None:
        scheme, _, text = asked.headers.get("authorization", "").partition(" ")
        challenge = _challenge(asked, needs, bearer)
        if scheme.lower() != "bearer":
            raise _unauthorized(challenge)
        token = self._tokens.get(text)
        if token is None or token.uses_left == 0:
            raise _unauthorized(f'{challenge},error="invalid_token"')
        if token.uses_left is not None:
            token.uses_left -= 1
        if not token.access.issuperset(needs):
            raise _unauthorized(f'{challenge},error="insufficient_scope"')

    def _by_get(self, asked: Asked, bearer: Bearer) -> Reply:
        query = parse_qs(asked.raw_query)
        is_user = _login(asked) == (bearer.user, bearer.password)
        if "authorization" in asked.headers and not is_user:
            raise RefusalError(401, "UNAUTHORIZED", "wrong user or password")
        token = self._issue(query.get("scope", ()), bearer, is_user=is_user)
        answer: dict[str, Any] = {"token": token, "access_token": token}
        if is_user and query.get("offline_token") == ["true"]:
            answer["refresh_token"] = bearer.identity_token
        return _granted(answer)

    def _by_oauth2(self, asked: Asked, bearer: Bearer) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        given = form.get("username"), form.get("password"), form.get("refresh_token")
        match form.get("grant_type"):
            case "password":
                is_user = given[:2] == (bearer.user, bearer.password)
            case "refresh_token":
                is_user = given[2] == bearer.identity_token
            case _:
                is_user = False
        if not is_user:
            raise RefusalError(401, "UNAUTHORIZED", "wrong user, password or refresh token")
        scopes = form.get("scope", "")
        token = self._issue((scopes,), bearer, is_user=True)
        answer = {"access_token": token, "scope": scopes}
        if form.get("access_type") == "offline" or form["grant_type"] == "refresh_token":
            answer["refresh_token"] = bearer.identity_token
        return _granted(answer)

    def _issue(self, scopes: Iterable[str], bearer: Bearer, *, is_user: bool) -> str:
        texts = [text for scope in scopes for text in scope.split()]
        self.scopes += texts
        allowed = bearer.grants if is_user else ()
        if bearer.allows_anonymous_pull:
            allowed = (*allowed, "pull")
        self._issued += 1
        name = f"token-{self._issued}"
        access = {need for text in texts for need in _needs(text) if need[1] in allowed}
        self._tokens[name] = _Token(frozenset(access), bearer.requests_per_token)
        return name


def _needs(scope: str) -> Iterator[Need]:
    """Read ``repository:NAME:ACTION,ACTION``; other kinds of scope give nothing."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    if kind == "repository":
        yield from ((name, action) for action in actions.split(","))


def _challenge(asked: Asked, needs: tuple[Need, ...], bearer: Bearer) -> str:
    text = f'Bearer realm="{asked.origin}{TOKEN_PATH}",service="{bearer.service}"'
    scopes: dict[str, list[str]] = {}
    for name, action in needs:
        scopes.setdefault(name, []).append(action)
    if scopes:
        shown = " ".join(f"repository:{name}:{','.join(a)}" for name, a in scopes.items())
        text += f',scope="{shown}"'
    return text


def _login(asked: Asked) -> tuple[str, str] | None:
    scheme, _, text = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password


def _unauthorized(challenge: str) -> RefusalError:
    headers = {"WWW-Authenticate": challenge}
    return RefusalError(401, "UNAUTHORIZED", "authentication required", headers=headers)


def _granted(answer: dict[str, Any]) -> Reply:
    body = json.dumps({**answer, "expires_in": _EXPIRES_IN_S}).encode()
    return Reply(status=200, headers={"Content-Type": "application/json"}, body=body)
