"""Auth: what to put into a request so that a registry answers, learnt from its challenges.

Tokens are kept for as long as this object lives, by what they are good for.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lamina.errors import NetworkError
from lamina.http.redact import redact
from lamina.registry.address import check_realm
from lamina.registry.challenge import Challenge, parse_challenges
from lamina.registry.credentials import Credentials
from lamina.registry.place import Place, is_in_the_open
from lamina.registry.tokens import Token, TokenAnswer, TokenFlow, TokenRequest, ask_for_token

SendForToken = Callable[[TokenRequest], TokenAnswer]
"""Sends a request to a token server and reads its answer."""

_USED_PART = 0.8
"""A token is replaced after this part of its life, so that none ends during a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a token is asked for: actions on repositories (distribution's "Token Scope")."""

    repository: str
    actions: str = "pull"
    also: tuple[str, ...] = ()
    """Other repositories to pull from, for mounts."""

    def texts(self) -> tuple[str, ...]:
        """Write the scopes as requests hold them, one a parameter."""
        own = f"repository:{self.repository}:{self.actions}"
        return (own, *(f"repository:{name}:pull" for name in self.also))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    value: str = field(repr=False)
    good_until: float


class Auth:
    """The state of getting into one registry as one user; safe to share between threads.

    ``may_tell_in_the_open`` lets credentials go to other machines without TLS.  ``clock`` is in
    seconds since any point in time.
    """

    def __init__(
        self,
        *,
        place: Place,
        credentials: Credentials,
        send: SendForToken,
        may_tell_in_the_open: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place
        self._credentials = credentials
        self._send = send
        self._may_tell_in_the_open = may_tell_in_the_open
        self._clock = clock
        self._uses_basic = False
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, ...], _Kept] = {}
        self._wider: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._lock = threading.RLock()

    def header(self, scope: Scope) -> dict[str, str]:
        """Return the Authorization header for a request, as far as it is known.

        Once the registry has said where its tokens come from, they are fetched before they are
        missed, and again before they end.  Raises ``NetworkError`` when the token server refuses,
        and where credentials would go into the open.
        """
        with self._lock:
            if self._credentials.registry_token:
                self._check_told_to(self._place.origin)
                return _bearer(self._credentials.registry_token)
            if self._uses_basic:
                return {"Authorization": self._credentials.basic}
            if self._challenge is None:
                return {}
            kept = self._tokens.get(scope.texts())
            if kept is None or self._clock() >= kept.good_until:
                kept = self._fetch(self._challenge, scope)
            return _bearer(kept.value)

    def answer(self, header: str, scope: Scope, *, used: Mapping[str, str]) -> bool:
        """Take in a challenge to a request that carried ``used``; say whether to ask again.

        A token is asked for where the registry takes one, whatever else it takes.  Raises
        ``NetworkError`` when the token server refuses, and where credentials would go into the
        open.
        """
        with self._lock:
            if self._credentials.registry_token:
                return False
            if self._knows_more_than(used, scope):
                return True  # another thread has learnt it in the meantime
            offered = parse_challenges(header)
            for challenge in sorted(offered, key=lambda one: one.scheme != "bearer"):
                if challenge.scheme == "bearer" and challenge.parameters.get("realm"):
                    self._widen(challenge, scope)
                    self._fetch(challenge, scope)
                    self._challenge, self._uses_basic = challenge, False
                    return True
                if self._may_use_basic(challenge):
                    self._check_told_to(self._place.origin)
                    self._uses_basic = True
                    return True
        return False

    def _knows_more_than(self, used: Mapping[str, str], scope: Scope) -> bool:
        if self._uses_basic:
            return used.get("Authorization") != self._credentials.basic
        kept = self._tokens.get(scope.texts())
        return kept is not None and _bearer(kept.value) != dict(used)

    def _may_use_basic(self, challenge: Challenge) -> bool:
        return challenge.scheme == "basic" and bool(self._credentials.user) and not self._uses_basic

    def _widen(self, challenge: Challenge, scope: Scope) -> None:
        """Ask for more from now on where the registry says that it takes more.

        Only for the repositories that the request is about: a challenge must not get us to ask for
        the right to anything else.
        """
        if challenge.parameters.get("error") != "insufficient_scope":
            return
        own = tuple(f"repository:{name}:" for name in (scope.repository, *scope.also))
        asked = challenge.parameters.get("scope", "").split()
        more = tuple(text for text in asked if text.startswith(own))
        self._wider[scope.texts()] = tuple(dict.fromkeys((*scope.texts(), *more)))

    def _fetch(self, challenge: Challenge, scope: Scope) -> _Kept:
        realm = challenge.parameters["realm"]
        place = self._place
        check_realm(realm, place.origin, where=str(place), is_inside=place.is_inside)
        self._check_told_to(realm)
        flow = ask_for_token(
            realm=realm,
            service=challenge.parameters.get("service", ""),
            scopes=self._wider.get(scope.texts(), scope.texts()),
            credentials=self._credentials,
            where=f"{realm[:200]} for {self._place}",
        )
        token = self._drive(flow)
        kept = _Kept(
            value=token.value, good_until=self._clock() + _USED_PART * max(0.0, token.lifetime_s)
        )
        self._tokens[scope.texts()] = kept
        return kept

    def _check_told_to(self, url: str) -> None:
        """Raise ``NetworkError`` where everybody on the way to ``url`` would read who we are."""
        is_safe = self._may_tell_in_the_open or not is_in_the_open(url)
        if not is_safe and not self._credentials.is_anonymous:
            raise NetworkError(
                "credentials are not sent without TLS",
                where=f"{self._place}, {redact(url)[:200]}",
                hint="if nobody else can listen there, set LAMINA_CREDENTIALS_OVER_HTTP to "
                f"{self._place.registry}",
                why=f"the credentials come from {self._credentials.source}",
            )

    def _drive(self, flow: TokenFlow) -> Token:
        try:
            request = next(flow)
            while True:
                request = flow.send(self._send(request))
        except StopIteration as done:
            token: Token = done.value
            return token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
