"""Ask: one JSON document of a server, with the user's credentials for its origin and no other."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

from lamina.errors import NetworkError
from lamina.http.exchange import Answer, Exchange
from lamina.http.redact import redact
from lamina.http.retry import RETRIED_STATUSES, Retries, RetryPolicy, retry_after_s
from lamina.lock.index_credentials import Login, origin, without_login

_LARGEST: Final = 32 << 20
_CHUNK: Final = 256 << 10
_REDIRECTS: Final = 3
_MOVED: Final = frozenset({301, 302, 307, 308})
_OK: Final = 200
_NOT_FOUND: Final = 404


class _BusyError(NetworkError):
    """The server wants us to come again in ``wait_s`` seconds."""

    wait_s = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Asks over ``exchange``; ``credentials`` maps origins to logins."""

    exchange: Exchange
    credentials: Mapping[str, Login] = field(default_factory=dict)
    retries: Retries = field(default_factory=lambda: Retries(policy=RetryPolicy(attempts=3)))

    def ask(self, url: str, question: object = None) -> object:
        """Return the document at ``url``, None where there is none; with a question, POST it.

        Raises ``NetworkError`` when the server stays away, refuses, or sends something else.
        """
        body = None if question is None else json.dumps(question).encode()
        data = self.retries.run(lambda: self._follow(url, body), _wait_s)
        if data is None:
            return None
        try:
            found: object = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise NetworkError("the server did not send JSON", where=redact(url)) from error
        return found

    def _follow(self, url: str, body: bytes | None) -> bytes | None:
        first = origin(url)
        for _ in range(_REDIRECTS + 1):
            answer = self._send(url, body)
            try:
                location = answer.headers.get("location", "") if answer.status in _MOVED else ""
                if not location:
                    return _read(answer, redact(url))
            finally:
                answer.close()
            url = urljoin(url, location)
            if origin(url) != first:
                raise NetworkError(
                    "the server sends us to another one, which nobody named", where=redact(url)
                )
        raise NetworkError(f"more than {_REDIRECTS} redirects", where=redact(url))

    def _send(self, url: str, body: bytes | None) -> Answer:
        where = origin(url)
        if not where:
            raise NetworkError("not an address that can be asked", where=redact(url))
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if (login := self.credentials.get(where)) is not None:
            headers["Authorization"] = (
                "Basic " + base64.b64encode(":".join(login).encode()).decode()
            )
        method = "GET" if body is None else "POST"
        return self.exchange.send(method, without_login(url), headers, body)


def _read(answer: Answer, shown: str) -> bytes | None:
    if answer.status == _NOT_FOUND:
        return None
    if answer.status in RETRIED_STATUSES:
        busy = _BusyError(f"the server answered {answer.status}", where=shown)
        busy.wait_s = retry_after_s({"Retry-After": answer.headers.get("retry-after", "")})
        raise busy
    if answer.status != _OK:
        raise NetworkError(f"the server answered {answer.status}", where=shown)
    parts: list[bytes] = []
    size = 0
    while part := answer.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > _LARGEST:
            raise NetworkError(f"the answer is larger than {_LARGEST} bytes", where=shown)
    return b"".join(parts)


def _wait_s(error: NetworkError) -> float | None:
    """Come again when the server asks for it; who is not there at all is not waited for."""
    return error.wait_s if isinstance(error, _BusyError) else None
