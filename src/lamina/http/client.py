"""The only importer of the HTTP library: downloads that resume, retry, and are checked."""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urljoin, urlsplit

import urllib3

from lamina.errors import IntegrityError, NetworkError, StoreError
from lamina.http.redact import redact
from lamina.http.retry import ATTEMPTS, RETRIED_STATUSES, backoff_s, retry_after_s
from lamina.http.settings import HttpSettings
from lamina.lock.index_credentials import Login, origin, without_login
from lamina.oci.digest import Digest

_CHUNK = 1 << 18
_REDIRECTS = 5
_OK = 200
_PARTIAL_CONTENT = 206
_WORTH_READING = 1 << 16

Progress = Callable[[int], None]
"""Receives the number of bytes that are there."""


class HttpClient:
    """Fetches files over HTTP(S), keeping connections open; safe to share between threads."""

    def __init__(
        self, settings: HttpSettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._pools: dict[str, urllib3.PoolManager] = {}

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
        transfer = _Transfer(path=path, size=size, progress=progress, shown=redact(url))
        try:
            self._exchange("GET", url, transfer)
            transfer.check(expected)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return transfer.received

    def size(self, url: str) -> int:
        """Ask how many bytes the body of ``url`` has; raise ``NetworkError`` if nobody says."""
        question = _Size(shown=redact(url))
        self._exchange("HEAD", url, question)
        return question.answer

    def _exchange(self, method: str, url: str, receiver: "_Receiver") -> None:
        """Ask until ``receiver`` has what it wants, or nothing more can be hoped for."""
        for attempt in range(1, ATTEMPTS + 1):
            delay = self._attempt(method, url, receiver, last=attempt == ATTEMPTS)
            if delay is None:
                return
            self._sleep(delay or backoff_s(attempt))

    def _attempt(self, method: str, url: str, receiver: "_Receiver", *, last: bool) -> float | None:
        """Fetch what is missing; None when all is there, else the seconds to wait (0: any)."""
        try:
            response = self._request(method, url, start=receiver.received)
            try:
                return _receive(response, receiver, last=last)
            finally:
                _dismiss(response)
        except urllib3.exceptions.HTTPError as error:
            if last or isinstance(error, _HOPELESS):
                raise _unreachable(receiver.shown, error) from error
            return 0.0

    def _request(self, method: str, url: str, *, start: int) -> urllib3.BaseHTTPResponse:
        """Follow redirects ourselves: credentials go to the origin they belong to, and no other."""
        headers = {"User-Agent": "lamina", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        _check_address(url)
        logins = self._logins(url)
        for _ in range(_REDIRECTS):
            address = without_login(url)  # a redirect does not get to say who we are, either
            response: urllib3.BaseHTTPResponse = self._pool(address).request(
                method,
                address,
                headers={**headers, **_authorization(logins.get(origin(address)))},
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=10, read=self._settings.timeout_s),
            )
            location = response.get_redirect_location()
            if not location:
                return response
            _dismiss(response)
            url = _follow(address, location)
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

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = self._settings.proxy_for(url)
        if proxy not in self._pools:
            self._pools[proxy] = self._new_pool(proxy)
        return self._pools[proxy]

    def _new_pool(self, proxy: str) -> urllib3.PoolManager:
        certificates = self._settings.certificates
        ca_certs = str(certificates) if certificates else None
        size = self._settings.connections
        if not proxy:
            return urllib3.PoolManager(maxsize=size, block=False, ca_certs=ca_certs)
        address = proxy if "://" in proxy else f"http://{proxy}"
        return urllib3.ProxyManager(
            without_login(address),
            proxy_headers=_proxy_authorization(address),
            maxsize=size,
            block=False,
            ca_certs=ca_certs,
        )


_HOPELESS = (urllib3.exceptions.SSLError, urllib3.exceptions.LocationValueError)
"""What will be no better the next time: a certificate, an address that is none."""


class _Receiver(Protocol):
    """Takes an answer: ``received`` bytes are there; ``shown`` is the address without secrets."""

    shown: str
    received: int

    def receive(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Take the answer, or say that it is not the one that was asked for."""


def _receive(
    response: urllib3.BaseHTTPResponse, receiver: _Receiver, *, last: bool
) -> float | None:
    if response.status in RETRIED_STATUSES and not last:
        return retry_after_s(response.headers)
    is_good = response.status == (_PARTIAL_CONTENT if receiver.received else _OK)
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
        response.drain_conn()
    else:
        response.close()


class _Size:
    """The size of a body, from an answer without one."""

    received = 0

    def __init__(self, *, shown: str) -> None:
        self.shown = shown
        self.answer = 0

    def receive(self, response: urllib3.BaseHTTPResponse) -> bool:
        length = response.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise NetworkError("the server does not say how long the file is", where=self.shown)
        self.answer = int(length)
        return True


class _Transfer:
    """The bytes of one download so far, over all attempts."""

    def __init__(self, *, path: Path, size: int | None, progress: Progress, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.received = 0
        self._size = size
        self._progress = progress
        self._hasher = hashlib.sha256()

    def receive(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Append the body; start over where the server ignores our range."""
        continues = _continues(response, self.received)
        if not continues:
            self.received = 0
            self._hasher = hashlib.sha256()
        if not continues and response.status == _PARTIAL_CONTENT:
            return False
        try:
            self._append(response)
        except OSError as error:
            raise StoreError(
                f"cannot write: {error.strerror or error}", where=str(self.path)
            ) from error
        return True

    def _append(self, response: urllib3.BaseHTTPResponse) -> None:
        with self.path.open("r+b" if self.received else "wb") as file:
            file.seek(self.received)
            file.truncate()
            for chunk in response.stream(_CHUNK):
                self.received += len(chunk)
                if self._size is not None and self.received > self._size:
                    raise IntegrityError(
                        f"more than the promised {self._size} bytes", where=self.shown
                    )
                file.write(chunk)
                self._hasher.update(chunk)
                self._progress(self.received)

    def check(self, expected: Digest | None) -> None:
        if self._size is not None and self.received < self._size:
            raise IntegrityError(f"less than the promised {self._size} bytes", where=self.shown)
        if expected is not None and self._hasher.hexdigest() != expected.hex:
            raise IntegrityError(
                "the file is not the one that was asked for",
                where=self.shown,
                why=f"expected sha256 {expected.hex}, got {self._hasher.hexdigest()}",
                hint="lock again if the file was replaced on purpose; otherwise distrust the index",
            )


def _authorization(login: Login | None) -> dict[str, str]:
    return {} if login is None else {"Authorization": _basic(login)}


def _proxy_authorization(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    login = unquote(parts.username), unquote(parts.password or "")
    return {"Proxy-Authorization": _basic(login)}


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(":".join(login).encode()).decode()


def _continues(response: urllib3.BaseHTTPResponse, start: int) -> bool:
    content_range = response.headers.get("Content-Range", "")
    return response.status == _PARTIAL_CONTENT and content_range.startswith(f"bytes {start}-")


def _check_address(url: str) -> None:
    where = origin(url)
    if not where or urlsplit(where).hostname is None:
        raise NetworkError("not an address that can be fetched", where=redact(url))


def _follow(url: str, location: str) -> str:
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


def _unreachable(shown: str, error: Exception) -> NetworkError:
    return NetworkError(
        "cannot download",
        where=shown,
        # An address that cannot be parsed is quoted with all of its secrets.
        why=type(error).__name__ if isinstance(error, ValueError) else str(error)[:300],
        hint="check the network, the proxy and certificate settings, then run the command again",
    )


def _refused(shown: str, status: int) -> NetworkError:
    hint = None
    if status in {401, 403}:
        hint = "the index wants credentials: put them where pip or uv finds them"
    return NetworkError(f"the server answered {status}", where=shown, hint=hint)
