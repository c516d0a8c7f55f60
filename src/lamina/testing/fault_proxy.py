"""FaultProxy: a server as its clients see it on a bad day; and Sink, where they should not go.

Bodies are streamed, so they may be of any size.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import TracebackType

from lamina.testing.faults import (
    Action,
    CloseBefore,
    CloseRequestAfter,
    CloseResponseAfter,
    CorruptAt,
    CorruptRequestAt,
    Delay,
    DeleteHeaders,
    RedirectTo,
    Rule,
    Rules,
    SetHeaders,
    Status,
    Throttle,
)
from lamina.testing.loopback import PART, Connection, LoopbackService

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "expect", "upgrade"})
_WITHOUT_BODY = frozenset({204, 304})
_SECRETS = ("Authorization", "Proxy-Authorization", "Cookie")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxiedRequest:
    """A request that came to the proxy, and what became of it.

    ``authorization_scheme`` is ``Basic`` or ``Bearer`` and never what follows it.  ``path`` has no
    query.  The bytes are those of the bodies as far as they were passed on.  ``status`` is what
    the client was told, 0 for nothing.
    """

    method: str
    path: str
    query: str
    has_authorization: bool
    authorization_scheme: str
    range: str
    rule: Rule | None
    status: int = 0
    request_bytes: int = 0
    response_bytes: int = 0


class FaultProxy(LoopbackService):
    """Stands before ``upstream`` (``127.0.0.1:PORT``, plain HTTP) while a ``with`` block runs.

    Clients speak to ``address``.  The first rule that fires decides about a request; without one
    it is passed on as it is.  The client's Host header is passed on as well, so that a server that
    answers with addresses of its own names the proxy.  A server that goes away goes away for the
    client, too.  ``sleep`` does the waiting of ``Delay`` and ``Throttle``; without it the time is
    spent really, but not beyond the end of the block.
    """

    def __init__(
        self, upstream: str, *rules: Rule, sleep: Callable[[float], object] | None = None
    ) -> None:
        super().__init__()
        host, _, port = upstream.rpartition(":")
        self._upstream = host, int(port)
        self._rules = Rules(rules)
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._log: list[_Entry] = []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        super().__exit__(kind, error, traceback)

    def use(self, *rules: Rule) -> None:
        """Go by other rules from now on; their counts begin at 0."""
        self._rules = Rules(rules)

    def reset(self) -> None:
        """Forget the requests."""
        self._log = []

    def requests(self, *, method: str = "", path_contains: str = "") -> tuple[ProxiedRequest, ...]:
        """List the requests so far, in order: all, or those of a method or with a text in the path.

        What a client has been sent is counted before it can look.
        """
        requests = (entry.request for entry in tuple(self._log))
        return tuple(
            request
            for request in requests
            if method in {"", request.method} and path_contains in request.path
        )

    def serve(self, connection: Connection) -> None:
        """Do to one request what the rules say."""
        rule = self._rules.next(connection.command, connection.path)
        entry = _Entry(_describe(connection, rule))
        self._log.append(entry)
        match rule.action if rule else None:
            case CloseBefore():
                connection.close_connection = True
            case Status(code=code, headers=headers, body=body):
                _reply(connection, entry, code, headers, body)
            case RedirectTo(prefix=prefix, code=code):
                _reply(connection, entry, code, {"Location": prefix + connection.path}, b"")
            case action:
                if isinstance(action, Delay):
                    self._sleep(action.seconds)
                self._pass_on(connection, entry, action)

    def _pass_on(self, connection: Connection, entry: "_Entry", action: Action | None) -> None:
        with closing(HTTPConnection(*self._upstream)) as upstream:
            try:
                _send_request(connection, upstream, entry, action)
                with closing(upstream.getresponse()) as response:
                    parts = _shaped(response, action, self._sleep)
                    _send_response(connection, response, entry, _headers(response, action), parts)
            except HTTPException as error:
                raise ConnectionError("upstream went away") from error


class _Entry:
    """One line of the log, while its request is under way."""

    def __init__(self, request: ProxiedRequest) -> None:
        self.request = request

    def add(self, *, status: int = 0, request_bytes: int = 0, response_bytes: int = 0) -> None:
        """Count what is about to be passed on."""
        old = self.request
        self.request = replace(
            old,
            status=status or old.status,
            request_bytes=old.request_bytes + request_bytes,
            response_bytes=old.response_bytes + response_bytes,
        )


def _describe(connection: Connection, rule: Rule | None) -> ProxiedRequest:
    path, query = connection.route
    authorization = connection.headers.get("Authorization", "")
    return ProxiedRequest(
        method=connection.command,
        path=path,
        query=query,
        has_authorization=bool(authorization),
        authorization_scheme=authorization.partition(" ")[0],
        range=connection.headers.get("Range", ""),
        rule=rule,
    )


def _reply(
    connection: Connection, entry: _Entry, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Read the request to its end and answer it ourselves."""
    for part in connection.body_parts():
        entry.add(request_bytes=len(part))
    entry.add(status=status, response_bytes=0 if connection.command == "HEAD" else len(body))
    connection.reply(status, headers, body)


def _send_request(
    connection: Connection, upstream: HTTPConnection, entry: _Entry, action: Action | None
) -> None:
    upstream.putrequest(
        connection.command, connection.path, skip_host=True, skip_accept_encoding=True
    )
    for name, value in connection.headers.items():
        if name.lower() not in _HOP_BY_HOP:
            upstream.putheader(name, value)
    upstream.putheader("Connection", "close")
    upstream.endheaders()
    parts: Iterable[bytes] = connection.body_parts()
    if isinstance(action, CloseRequestAfter):
        parts = _cut(parts, action.bytes)
    if isinstance(action, CorruptRequestAt):
        parts = _corrupted(parts, action.offset)
    is_chunked = connection.headers.get("Transfer-Encoding", "").lower() == "chunked"
    is_listening = True
    for part in parts:
        entry.add(request_bytes=len(part))
        is_listening = is_listening and _sent(upstream, _chunk(part) if is_chunked else part)
    if is_chunked and is_listening:
        _sent(upstream, _chunk(b""))


def _sent(upstream: HTTPConnection, data: bytes) -> bool:
    """Send, and say whether upstream still listens: it may have answered before the end."""
    try:
        upstream.send(data)
    except OSError:
        return False
    return True


def _headers(response: HTTPResponse, action: Action | None) -> list[tuple[str, str]]:
    """List the fields of the answer, changed as the rule says."""
    changed = action.headers if isinstance(action, SetHeaders) else {}
    deleted = action.names if isinstance(action, DeleteHeaders) else ()
    dropped = {name.lower() for name in (*changed, *deleted, *_HOP_BY_HOP)}
    kept = [(name, value) for name, value in response.getheaders() if name.lower() not in dropped]
    return [*kept, *changed.items()]


def _shaped(
    response: HTTPResponse, action: Action | None, sleep: Callable[[float], object]
) -> Iterable[bytes]:
    """Read the answer's body as the rule says; raise ``ConnectionError`` where it is cut."""
    match action:
        case CloseResponseAfter(bytes=limit):
            return _cut(_parts(response, PART), limit)
        case CorruptAt(offset=offset):
            return _corrupted(_parts(response, PART), offset)
        case Throttle(bytes_per_s=speed):
            return _throttled(_parts(response, min(PART, max(1, speed))), speed, sleep)
        case _:
            return _parts(response, PART)


def _send_response(
    connection: Connection,
    response: HTTPResponse,
    entry: _Entry,
    headers: list[tuple[str, str]],
    parts: Iterable[bytes],
) -> None:
    has_body = connection.command != "HEAD" and response.status not in _WITHOUT_BODY
    names = {name.lower() for name, _ in headers}
    has_other_length = dict(headers).get("Content-Length") != response.getheader("Content-Length")
    entry.add(status=response.status)
    connection.send_response_only(response.status, response.reason)
    for name, value in headers:
        connection.send_header(name, value)
    if has_body and not names & {"content-length", "transfer-encoding"}:
        connection.send_header("Connection", "close")  # the body ends where the connection does
    connection.end_headers()
    if not has_body:
        return
    is_chunked = "transfer-encoding" in names
    for part in parts:
        entry.add(response_bytes=len(part))
        connection.wfile.write(_chunk(part) if is_chunked else part)
    if is_chunked:
        connection.wfile.write(_chunk(b""))
    if has_other_length:
        connection.close_connection = True  # else the client waits for the rest, or reads it later


def _parts(response: HTTPResponse, size: int) -> Iterator[bytes]:
    while part := response.read(size):
        yield part
    if response.length:
        raise ConnectionError("upstream went away")


def _cut(parts: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Raise ``ConnectionError`` once ``limit`` bytes have passed and more would."""
    left = limit
    for part in parts:
        if part[:left]:
            yield part[:left]
        if len(part) > left:
            raise ConnectionError("cut, as the rule says")
        left -= len(part)


def _corrupted(parts: Iterable[bytes], offset: int) -> Iterator[bytes]:
    position = offset
    for part in parts:
        if 0 <= position < len(part):
            yield part[:position] + bytes([part[position] ^ 0xFF]) + part[position + 1 :]
        else:
            yield part
        position -= len(part)


def _throttled(
    parts: Iterable[bytes], speed: int, sleep: Callable[[float], object]
) -> Iterator[bytes]:
    for part in parts:
        yield part
        sleep(len(part) / speed)


def _chunk(data: bytes) -> bytes:
    """Frame a part of a chunked body; the last has no bytes (RFC 9112, section 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkRequest:
    """A request that came to a sink; ``secrets`` names the fields that should not have come."""

    method: str
    path: str
    secrets: tuple[str, ...]


class Sink(LoopbackService):
    """Takes any request, answers all alike, and tells whether anybody said who they are.

    ``address`` is 127.0.0.1; ``elsewhere`` names the same server as another host.
    """

    def __init__(
        self, body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self._answer = status, headers or {}, body
        self._requests: list[SinkRequest] = []

    @property
    def elsewhere(self) -> str:
        """The origin under another name: ``http://localhost:PORT``."""
        return f"http://localhost:{self.address.rpartition(':')[2]}"

    @property
    def requests(self) -> tuple[SinkRequest, ...]:
        """What came, in order."""
        return tuple(self._requests)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of all fields that should not have come; empty when all is well."""
        return tuple(name for request in self._requests for name in request.secrets)

    def serve(self, connection: Connection) -> None:
        """Take one request."""
        secrets = tuple(name for name in _SECRETS if name in connection.headers)
        path, _ = connection.route
        self._requests.append(SinkRequest(method=connection.command, path=path, secrets=secrets))
        for _ in connection.body_parts():
            continue
        connection.reply(*self._answer)
