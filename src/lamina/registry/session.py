"""Session: requests to one registry, with retries, redirects and the token flow around each."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from lamina.errors import NetworkError
from lamina.http.exchange import Answer, Body, Exchange, InterruptedExchangeError
from lamina.http.retry import RETRIED_STATUSES, Retries
from lamina.registry.address import follow, is_from_inside, origin_of
from lamina.registry.auth import Auth, Scope
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.error import LARGEST_ERROR, asked_wait_s, refusal
from lamina.registry.place import Place, is_in_the_open
from lamina.registry.tokens import LARGEST_ANSWER, TokenAnswer, TokenRequest

_REDIRECTS = 5
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})
_KEEPS_METHOD = frozenset({307, 308})
_UNAUTHORIZED = 401
_BAD_REQUEST = 400
_FORBIDDEN = 403
_NOT_FOUND = 404
_LONGEST_DOCUMENT_S = 120.0  # a server that sends a byte now and then is never silent
_CHALLENGES = 2  # for a password or token, and for a fresh or wider one


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of the specification: what it is called, what it needs, what may come back.

    ``url`` is absolute, or a path below the registry's origin.  A request that ``is_final`` is
    made once; whoever makes it begins further back when it fails.  ``missing`` is the error for
    what is not there, where that is one.
    """

    what: str
    method: str
    url: str
    scope: Scope
    expected: Collection[int]
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: Body | bytes | None = None
    is_final: bool = False
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer that was read whole; the names in ``headers`` are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str] = field(hash=False)
    body: bytes = field(repr=False)


class Session:
    """One registry, as one user; safe to share between threads.

    ``clock`` is in seconds since any point in time.
    """

    def __init__(
        self,
        http: Exchange,
        place: Place,
        finder: CredentialFinder,
        *,
        retries: Retries | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.place = place
        self.retries = retries or Retries()
        self._http = http
        self._clock = clock
        self._credentials = finder.find(place)
        self._may_tell_in_the_open = is_in_the_open(place.origin) and (
            finder.may_be_told_in_the_open(place)
        )
        self._auth = self._new_auth()
        self._is_sure_of_scheme = not place.origin.startswith("http:")
        self._lock = threading.Lock()

    @property
    def source(self) -> str:
        """Where the credentials came from."""
        return self._credentials.source

    def send(self, request: Request) -> Answer:
        """Send until an expected status comes back.

        Raises ``NetworkError`` with what the registry said, once there is nothing to hope for.
        """
        if request.is_final:
            return self._once(request)[0]
        return self.retries.run(lambda: self._once(request)[0], asked_wait_s)

    def fetch(self, request: Request, *, limit: int = 0) -> Fetched:
        """Send as :meth:`send` does, and read the body: a broken one is asked for again.

        Raises ``NetworkError`` for a body of more than ``limit`` bytes; 0 is to read none.
        """

        def act() -> Fetched:
            answer, url = self._once(request)
            with closing(answer):
                body = self._read(answer, limit + 1, request.what) if limit else b""
                if len(body) > limit:
                    raise NetworkError(
                        f"the answer to {request.what} is larger than {limit} bytes",
                        where=self._where(request),
                    )
                return Fetched(status=answer.status, url=url, headers=answer.headers, body=body)

        return act() if request.is_final else self.retries.run(act, asked_wait_s)

    def _once(self, request: Request) -> tuple[Answer, str]:
        """Send, and return an expected answer and the address that gave it."""
        answer, url = self._authorized(request)
        if answer.status in request.expected:
            return answer, url
        raise self._refused(request, answer)

    def _authorized(self, request: Request) -> tuple[Answer, str]:
        """Send with what is known of the user, and again as the registry's challenges ask.

        Challenges of others, whom a redirect or an upload led to, are not for us to answer.
        """
        self._make_sure_of_scheme()
        for _ in range(_CHALLENGES):
            used = self._auth.header(request.scope)
            answer, url = self._redirected(request, used)
            challenge = answer.headers.get("www-authenticate", "")
            is_own = origin_of(url) == origin_of(self.place.origin)
            if answer.status != _UNAUTHORIZED or not (is_own and challenge):
                return answer, url
            try:
                is_to_ask_again = self._auth.answer(challenge, request.scope, used=used)
            except BaseException:
                answer.close()
                raise
            if not is_to_ask_again:
                return answer, url
            answer.close()
        return self._redirected(request, self._auth.header(request.scope))

    def _redirected(self, request: Request, authorization: Mapping[str, str]) -> tuple[Answer, str]:
        """Follow redirects; what says who we are goes to the registry itself and nowhere else."""
        url = urljoin(self.place.origin, request.url)
        for _ in range(_REDIRECTS + 1):
            own = authorization if origin_of(url) == origin_of(self.place.origin) else {}
            answer = self._http.send(request.method, url, {**request.headers, **own}, request.body)
            location = answer.headers.get("location", "")
            if not location or not _is_redirect(request.method, answer.status):
                return answer, url
            answer.close()
            inside = is_from_inside(self.place, url)
            url = follow(url, location, where=self._where(request), is_inside=inside)
        raise NetworkError(f"more than {_REDIRECTS} redirects", where=self._where(request))

    def _make_sure_of_scheme(self) -> None:
        """Find out whether a registry that may be asked in the open wants TLS after all.

        The loopback is asked in the open, but a registry there may have certificates.
        """
        with self._lock:
            if self._is_sure_of_scheme:
                return
            is_plain = self._is_plain()
            if not is_plain and self._speaks_tls():
                origin = self.place.origin.replace("http:", "https:", 1)
                self.place = replace(self.place, origin=origin)
                self._auth = self._new_auth()
            self._is_sure_of_scheme = True

    def _is_plain(self) -> bool:
        try:
            answer = self._http.send("GET", f"{self.place.origin}/v2/", {}, None)
        except InterruptedExchangeError:
            return False
        answer.close()
        return answer.status != _BAD_REQUEST  # Go's "HTTP request to an HTTPS server"

    def _speaks_tls(self) -> bool:
        origin = self.place.origin.replace("http:", "https:", 1)
        try:
            self._http.send("GET", f"{origin}/v2/", {}, None).close()
        except InterruptedExchangeError:
            return False
        except NetworkError as error:
            if "CERTIFICATE" in (error.why or "").upper():
                raise  # TLS it is, and of somebody we do not trust
            return False
        return True

    def _new_auth(self) -> Auth:
        return Auth(
            place=self.place,
            credentials=self._credentials,
            send=self._send_for_token,
            may_tell_in_the_open=self._may_tell_in_the_open,
            clock=self._clock,
        )

    def _send_for_token(self, request: TokenRequest) -> TokenAnswer:
        """Ask a token server once; it may not send us on, for the request says who we are.

        A server that is busy is asked again with the request that needs the token.
        """
        with closing(
            self._http.send(request.method, request.url, request.headers, request.body)
        ) as answer:
            body = self._read(answer, LARGEST_ANSWER, "the request for a token")
        if answer.status in RETRIED_STATUSES:
            raise refusal(
                answer.status,
                body,
                what="the request for a token",
                where=f"{self.place}, {urlsplit(request.url).path}",
                source=self.source,
                headers=answer.headers,
            )
        return TokenAnswer(status=answer.status, body=body)

    def _refused(self, request: Request, answer: Answer) -> Exception:
        body = self._read_error(answer)
        if request.method == "HEAD" and _BAD_REQUEST <= answer.status <= _FORBIDDEN:
            body = self._reason(request)
        refused = refusal(
            answer.status,
            body,
            what=request.what,
            where=self._where(request),
            source=self.source,
            headers=answer.headers,
        )
        is_missing = answer.status == _NOT_FOUND and request.missing
        return refused.as_missing(request.missing) if is_missing else refused

    def _reason(self, request: Request) -> bytes:
        """Ask with GET for what HEAD cannot say, for it has no body."""
        try:
            used = self._auth.header(request.scope)
            answer, _ = self._redirected(replace(request, method="GET"), used)
        except NetworkError:
            return b""
        if answer.status < _BAD_REQUEST:
            answer.close()
            return b""
        return self._read_error(answer)

    def _read(self, answer: Answer, limit: int, what: str) -> bytes:
        """Read a body to its end, or to ``limit``; only reading on shows that it was cut."""
        deadline, data = self._clock() + _LONGEST_DOCUMENT_S, b""
        while len(data) < limit and (part := answer.read_some(limit - len(data))):
            data += part
            if self._clock() > deadline:
                raise NetworkError(
                    f"the answer to {what} took longer than {_LONGEST_DOCUMENT_S:g} s",
                    where=str(self.place),
                )
        return data

    def _read_error(self, answer: Answer) -> bytes:
        try:
            return self._read(answer, LARGEST_ERROR, "a request")
        except NetworkError:
            return b""
        finally:
            answer.close()

    def _where(self, request: Request) -> str:
        return f"{self.place}, {request.method} {urlsplit(request.url).path}"


def _is_redirect(method: str, status: int) -> bool:
    """Say whether the same request is to be made elsewhere; others than GET only where meant so."""
    return status in (_REDIRECTED if method in _SAFE else _KEEPS_METHOD)
