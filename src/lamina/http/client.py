"""The only importer of the HTTP library: single exchanges, and downloads that resume."""

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import urllib3

from lamina.errors import NetworkError
from lamina.http.agent import agent
from lamina.http.exchange import Answer, Body, InterruptedExchangeError, TimedOutError
from lamina.http.fields import joined
from lamina.http.patience import USUAL_S, VARIABLE, answer_s, connect_s
from lamina.http.proxy import basic, parse_proxy
from lamina.http.receivers import Part, Progress, Receiver, Size, Transfer
from lamina.http.redact import redact
from lamina.http.redirect import check_address, follow
from lamina.http.retry import ATTEMPTS, RETRIED_STATUSES, backoff_s, retry_after_s
from lamina.http.settings import HttpSettings
from lamina.http.trust import trusting
from lamina.lock.index_credentials import Login, origin, without_login
from lamina.oci.digest import Digest

_CHUNK = 1 << 18
_REDIRECTS = 5
_OK = 200
_PARTIAL_CONTENT = 206
_WORTH_READING = 1 << 16
_LONGEST_DRAIN_S = 1.0


class HttpClient:
    """Fetches files over HTTP(S), keeping connections open; safe to share between threads."""

    def __init__(
        self, settings: HttpSettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._pools: dict[tuple[str, ...], urllib3.PoolManager] = {}

    def download(
        self,
        url: str,
        path: Path,
        *,
        expected: Digest | None = None,
        size: int | None = None,
        progress: Progress = lambda _: None,
    ) -> int:
        """Write the body of ``url`` to ``path`` and return its length in bytes.

        A body cut short is resumed with a range request.  Raises ``IntegrityError`` when it does
        not have the ``expected`` digest or the promised ``size``, and ``NetworkError`` when the
        server stays away.  ``path`` is removed on failure.
        """
        transfer = Transfer(path=path, size=size, progress=progress, shown=redact(url))
        try:
            self._exchange("GET", url, transfer)
            transfer.check(expected)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return transfer.received

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | bytes | None
    ) -> Answer:
        """Make one request; see :class:`lamina.http.exchange.Exchange`."""
        sent = {"User-Agent": agent(), "Accept-Encoding": "identity", **headers}
        if isinstance(body, Body):
            sent["Content-Length"] = str(body.size)
        file = body.open() if isinstance(body, Body) else io.BytesIO(body or b"")
        try:
            with file, _no_value_shown(url):
                response: urllib3.BaseHTTPResponse = self._pool(url).request(
                    method,
                    url,
                    headers=sent,
                    body=file if isinstance(body, Body) else body,
                    preload_content=False,
                    decode_content=False,
                    redirect=False,
                    retries=False,
                    timeout=self._patience(body),
                )
        except _HOPELESS as error:
            raise _unreachable(redact(url), error, what="cannot connect") from error
        except urllib3.exceptions.HTTPError as error:
            raise _interrupted(redact(url), error) from error
        return _Answer(response, redact(url))

    def size(self, url: str) -> int:
        """Ask how many bytes the body of ``url`` has; raise ``NetworkError`` if nobody says."""
        question = Size(shown=redact(url))
        self._exchange("HEAD", url, question)
        return question.answer

    def read_range(self, url: str, start: int, stop: int) -> bytes:
        """Fetch the bytes of ``url`` from ``start`` to before ``stop`` (RFC 9110, section 14).

        Raises ``RangesIgnoredError`` when the server sends whole files only, and ``NetworkError``
        when it has no such bytes or stays away.  Nothing vouches for what comes.
        """
        part = Part(start=start, stop=stop, shown=redact(url))
        self._exchange("GET", url, part)
        return part.data

    def _exchange(self, method: str, url: str, receiver: Receiver) -> None:
        """Ask until ``receiver`` has what it wants, or nothing more can be hoped for."""
        for attempt in range(1, ATTEMPTS + 1):
            delay = self._attempt(method, url, receiver, last=attempt == ATTEMPTS)
            if delay is None:
                return
            self._sleep(delay or backoff_s(attempt))

    def _attempt(self, method: str, url: str, receiver: Receiver, *, last: bool) -> float | None:
        """Fetch what is missing; None when all is there, else the seconds to wait (0: any)."""
        try:
            response = self._request(method, url, wanted=receiver.wanted)
            try:
                return _receive(response, receiver, last=last)
            finally:
                _dismiss(response)
        except urllib3.exceptions.HTTPError as error:
            if last or isinstance(error, _HOPELESS):
                raise _unreachable(receiver.shown, error) from error
            return 0.0

    def _request(self, method: str, url: str, *, wanted: str) -> urllib3.BaseHTTPResponse:
        """Follow redirects ourselves: credentials go to the origin they belong to, and no other."""
        headers = {"User-Agent": agent(), "Accept-Encoding": "identity"}
        if wanted:
            headers["Range"] = wanted
        check_address(url)
        logins = self._logins(url)
        for _ in range(_REDIRECTS):
            address = without_login(url)  # a redirect does not get to say who we are, either
            with _no_value_shown(address):
                response: urllib3.BaseHTTPResponse = self._pool(address).request(
                    method,
                    address,
                    headers={**headers, **_authorization(logins.get(origin(address)))},
                    preload_content=False,
                    redirect=False,
                    retries=False,
                    timeout=self._patience(),
                )
            location = response.get_redirect_location()
            if not location:
                return response
            _dismiss(response)
            url = follow(address, location)
        raise NetworkError(f"more than {_REDIRECTS} redirects", where=redact(url))

    def _logins(self, url: str) -> Mapping[str, Login]:
        """Return the credentials of each origin; those in ``url`` itself win for its origin."""
        known = {origin(where): login for where, login in self._settings.credentials}
        parts = urlsplit(url)
        if parts.username is None:
            return known
        user, where = unquote(parts.username), origin(url)
        if parts.password is None and known.get(where, ("",))[0] == user:
            return known
        return {**known, where: (user, unquote(parts.password or ""))}

    def _patience(self, body: Body | bytes | None = None) -> urllib3.Timeout:
        usual = self._settings.timeout_s
        return urllib3.Timeout(connect=connect_s(body, usual), read=answer_s(body, usual))

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = self._settings.proxy_for(url)
        authorities = self._settings.authorities_for(url)
        key = (proxy, *map(str, authorities))
        if key not in self._pools:
            self._pools[key] = self._new_pool(proxy, urlsplit(url).scheme, authorities)
        return self._pools[key]

    def _new_pool(
        self, proxy: str, scheme: str, authorities: tuple[Path, ...]
    ) -> urllib3.PoolManager:
        certificates = self._settings.certificates
        ca_certs = str(certificates) if certificates else None
        context = trusting(ca_certs, authorities) if authorities else None
        size = self._settings.connections
        if not proxy:
            return urllib3.PoolManager(
                maxsize=size,
                block=False,
                blocksize=_CHUNK,
                ca_certs=ca_certs,
                ssl_context=context,
            )
        parsed = parse_proxy(proxy, scheme=scheme)
        return urllib3.ProxyManager(
            parsed.address,
            proxy_headers={"Proxy-Authorization": basic(parsed.login)} if parsed.login else {},
            maxsize=size,
            block=False,
            ca_certs=ca_certs,
            ssl_context=context,
        )


_HOPELESS = (urllib3.exceptions.SSLError, urllib3.exceptions.LocationValueError)
"""What will be no better the next time: a certificate, an address that is none."""


_THE_NETWORK = "check the network, the proxy and certificate settings, then run the command again"
_OUR_PATIENCE = (
    f"{VARIABLE} says how many seconds a server may be silent, {USUAL_S:g} if it is not set"
)


class _Answer:
    """A response of the HTTP library as an ``Answer``."""

    def __init__(self, response: urllib3.BaseHTTPResponse, shown: str) -> None:
        self._response = response
        self._shown = shown
        self.status = response.status
        fields = response.headers
        self.headers = {name.lower(): joined(fields.getlist(name)) for name in fields}

    def read(self, limit: int) -> bytes:
        try:
            return self._response.read(limit, decode_content=False) if limit else b""
        except urllib3.exceptions.HTTPError as error:
            raise _interrupted(self._shown, error) from error

    def read_some(self, limit: int) -> bytes:
        try:
            return self._response.read1(limit, decode_content=False) if limit else b""
        except urllib3.exceptions.HTTPError as error:
            raise _interrupted(self._shown, error) from error

    def close(self) -> None:
        _dismiss(self._response)


def _receive(response: urllib3.BaseHTTPResponse, receiver: Receiver, *, last: bool) -> float | None:
    if response.status in RETRIED_STATUSES and not last:
        return retry_after_s(response.headers)
    is_good = response.status == (_PARTIAL_CONTENT if receiver.wanted else _OK)
    if not is_good and response.status != _OK:
        raise _refused(receiver.shown, response.status)
    if receiver.receive(response):
        return None
    if last:
        raise NetworkError(
            "the server sends other parts than it is asked for", where=receiver.shown
        )
    return 0.0


def _dismiss(response: urllib3.BaseHTTPResponse) -> None:
    """Keep the connection for the next request if little is left to read of this one's answer."""
    left = getattr(response, "length_remaining", None)
    if left is not None and left <= _WORTH_READING:
        _drain(response)
    response.close()


def _drain(response: urllib3.BaseHTTPResponse) -> None:
    """Read to the end, which gives the connection back; not from a server that takes its time."""
    deadline = time.monotonic() + _LONGEST_DRAIN_S
    with suppress(urllib3.exceptions.HTTPError, OSError):
        while time.monotonic() < deadline and response.read1(_WORTH_READING):
            pass


def _authorization(login: Login | None) -> dict[str, str]:
    return {} if login is None else {"Authorization": basic(login)}


@contextmanager
def _no_value_shown(url: str) -> Iterator[None]:
    """Say that a request cannot be sent, without the header that cannot, which may be a secret."""
    try:
        yield
    except urllib3.exceptions.HTTPError:
        raise
    except ValueError as error:
        raise NetworkError(
            "the request cannot be sent",
            where=redact(url),
            hint="look for odd characters in the credentials and in the address",
            why=type(error).__name__,
        ) from None


def _unreachable(shown: str, error: Exception, *, what: str = "cannot download") -> NetworkError:
    return NetworkError(
        what,
        where=shown,
        # An address that cannot be parsed is quoted with all of its secrets.
        why=type(error).__name__ if isinstance(error, ValueError) else str(error)[:300],
        hint=_OUR_PATIENCE if _is_late(error) else _THE_NETWORK,
    )


def _interrupted(shown: str, error: Exception) -> InterruptedExchangeError:
    why = str(error)[:300]
    if _is_late(error):
        return TimedOutError(
            "the server did not answer as long as we waited",
            where=shown,
            why=why,
            hint=_OUR_PATIENCE,
        )
    return InterruptedExchangeError("the connection broke", where=shown, why=why, hint=_THE_NETWORK)


def _is_late(error: Exception) -> bool:
    """Say whether it was us who ended it, while we waited or while the server took nothing."""
    is_read = isinstance(error, urllib3.exceptions.ReadTimeoutError)
    return is_read or any(isinstance(cause, TimeoutError) for cause in error.args)


def _refused(shown: str, status: int) -> NetworkError:
    hint = None
    if status in {401, 403}:
        hint = "the index wants credentials: put them where pip or uv finds them"
    return NetworkError(f"the server answered {status}", where=shown, hint=hint)
