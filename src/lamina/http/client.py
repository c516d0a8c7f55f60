"""The only importer of the HTTP library: downloads that resume, retry, and are checked."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3

from lamina.errors import IntegrityError, NetworkError, StoreError
from lamina.http.redact import redact
from lamina.http.settings import HttpSettings
from lamina.oci.digest import Digest

_CHUNK = 1 << 18
_ATTEMPTS = 5
_RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 60.0
_REDIRECTS = 5
_OK = 200
_PARTIAL_CONTENT = 206

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
        not have the ``expected`` digest or is longer than ``size``, and ``NetworkError`` when the
        server stays away.  ``path`` is removed on failure.
        """
        transfer = _Transfer(path=path, size=size, progress=progress, shown=redact(url))
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                delay = self._attempt(url, transfer, last=attempt == _ATTEMPTS)
                if delay is None:
                    break
                self._sleep(delay or min(0.5 * 2**attempt, _LONGEST_WAIT_S))
            transfer.check(expected)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return transfer.received

    def size(self, url: str) -> int:
        """Ask how many bytes the body of ``url`` has; raise ``NetworkError`` if nobody says."""
        try:
            response = self._get(url, start=0, method="HEAD")
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(redact(url), error) from error
        response.release_conn()
        length = response.headers.get("Content-Length", "")
        if response.status != _OK or not length.isdigit():
            raise _refused(redact(url), response.status)
        return int(length)

    def _attempt(self, url: str, transfer: "_Transfer", *, last: bool) -> float | None:
        """Fetch what is missing; None when all is there, else the seconds to wait (0: any)."""
        try:
            response = self._get(url, start=transfer.received)
            try:
                return self._receive(response, transfer, last=last)
            finally:
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            if last or isinstance(error, urllib3.exceptions.SSLError):
                raise _unreachable(transfer.shown, error) from error
            return 0.0

    def _receive(
        self, response: urllib3.BaseHTTPResponse, transfer: "_Transfer", *, last: bool
    ) -> float | None:
        if response.status in _RETRIED_STATUSES and not last:
            return _retry_after(response.headers.get("Retry-After"))
        if response.status not in {_OK, _PARTIAL_CONTENT}:
            raise _refused(transfer.shown, response.status)
        try:
            transfer.receive(response)
        except OSError as error:
            raise StoreError(
                f"cannot write: {error.strerror or error}", where=str(transfer.path)
            ) from error
        return None

    def _get(self, url: str, *, start: int, method: str = "GET") -> urllib3.BaseHTTPResponse:
        """Follow redirects ourselves: credentials go to the origin they belong to, and no other."""
        headers = {"User-Agent": "lamina", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        for _ in range(_REDIRECTS):
            address, credentials = self._split_credentials(url)
            authorization = urllib3.make_headers(basic_auth=credentials) if credentials else {}
            response: urllib3.BaseHTTPResponse = self._pool(address).request(
                method,
                address,
                headers={**headers, **authorization},
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=10, read=self._settings.timeout_s),
            )
            location = response.get_redirect_location()
            if not location:
                return response
            response.release_conn()
            url = _follow(address, location)
        raise NetworkError(f"more than {_REDIRECTS} redirects", where=redact(url))

    def _split_credentials(self, url: str) -> tuple[str, str | None]:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        if parts.username is not None:
            user = unquote(parts.username)
            return urlunsplit(
                parts._replace(netloc=host)
            ), f"{user}:{unquote(parts.password or '')}"
        known = dict(self._settings.credentials).get(f"{parts.scheme}://{host}")
        return url, f"{known[0]}:{known[1]}" if known else None

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = dict(self._settings.proxies).get(parts.scheme, "")
        if _bypasses_proxy(parts.hostname or "", self._settings.no_proxy):
            proxy = ""
        if proxy not in self._pools:
            self._pools[proxy] = self._new_pool(proxy)
        return self._pools[proxy]

    def _new_pool(self, proxy: str) -> urllib3.PoolManager:
        certificates = self._settings.certificates
        ca_certs = str(certificates) if certificates else None
        size = self._settings.connections
        if not proxy:
            return urllib3.PoolManager(maxsize=size, block=False, ca_certs=ca_certs)
        return urllib3.ProxyManager(proxy, maxsize=size, block=False, ca_certs=ca_certs)


class _Transfer:
    """The bytes of one download so far, over all attempts."""

    def __init__(self, *, path: Path, size: int | None, progress: Progress, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.received = 0
        self._size = size
        self._progress = progress
        self._hasher = hashlib.sha256()

    def receive(self, response: urllib3.BaseHTTPResponse) -> None:
        """Append the body; start over where the server ignores or misreads our range."""
        if self.received and not _continues(response, self.received):
            self.received = 0
            self._hasher = hashlib.sha256()
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
        if expected is not None and self._hasher.hexdigest() != expected.hex:
            raise IntegrityError(
                "the file is not the one that was asked for",
                where=self.shown,
                why=f"expected sha256 {expected.hex}, got {self._hasher.hexdigest()}",
                hint="lock again if the file was replaced on purpose; otherwise distrust the index",
            )


def _continues(response: urllib3.BaseHTTPResponse, start: int) -> bool:
    content_range = response.headers.get("Content-Range", "")
    return response.status == _PARTIAL_CONTENT and content_range.startswith(f"bytes {start}-")


def _retry_after(header: str | None) -> float:
    return min(float(header), _LONGEST_WAIT_S) if header and header.isdigit() else 0.0


def _follow(url: str, location: str) -> str:
    target = urllib3.util.parse_url(location)
    if target.scheme is None:
        old = urlsplit(url)
        path = location if location.startswith("/") else f"{old.path.rpartition('/')[0]}/{location}"
        return f"{old.scheme}://{old.netloc}{path}"
    if target.scheme not in {"http", "https"} or (
        url.startswith("https:") and target.scheme == "http"
    ):
        raise NetworkError(
            f"refused to follow a redirect from {urlsplit(url).scheme} to {target.scheme}",
            where=redact(url),
        )
    return location


def _bypasses_proxy(host: str, no_proxy: tuple[str, ...]) -> bool:
    if host in {"localhost", "::1"} or host.startswith("127."):
        return True
    return any(
        rule == "*" or host == rule.lstrip(".") or host.endswith("." + rule.lstrip("."))
        for rule in no_proxy
        if rule
    )


def _unreachable(shown: str, error: Exception) -> NetworkError:
    return NetworkError(
        "cannot download",
        where=shown,
        why=str(error)[:300],
        hint="check the network, the proxy and certificate settings, then run the command again",
    )


def _refused(shown: str, status: int) -> NetworkError:
    hint = None
    if status in {401, 403}:
        hint = "the index wants credentials: put them where pip or uv finds them"
    return NetworkError(f"the server answered {status}", where=shown, hint=hint)
