"""Loopback: an HTTP/1.1 server on this machine alone, in threads, while a block runs."""

import socket
import ssl
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from types import TracebackType
from typing import Any, Self, cast

from lamina.parallel import Later

PART = 1 << 16
"""The most bytes of a body that are handed on at once."""

_POLL_S = 0.01
_TLS_HANDSHAKE = b"\x16"
_WITHOUT_BODY = frozenset({204, 304})
_LONGEST_LINE = 1 << 16


class Connection(BaseHTTPRequestHandler):
    """One client's connection; ``serve`` of the server is called once for each request on it."""

    server: "LoopbackServer"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits 40 ms for the acknowledgement of its headers

    def do_GET(self) -> None:
        """Pass any method to the server."""
        self.server.serve(self)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - http.server's

    def handle_one_request(self) -> None:
        """Serve one request; hang up at once on a client that tries TLS on a plain port.

        Such a client falls back to plain HTTP then, and would otherwise wait for its timeout.
        """
        start = cast("Any", self.rfile).peek(1)[:1]
        if start == _TLS_HANDSHAKE:
            self.close_connection = True
            return
        super().handle_one_request()

    @property
    def route(self) -> tuple[str, str]:
        """The path, and the query as it was written."""
        path, _, query = self.path.partition("?")
        return path, query

    def body_parts(self) -> Iterator[bytes]:
        """Read the request's body; raise ``ConnectionError`` when it ends early."""
        file = self.rfile
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            yield from _chunks(file)
        else:
            yield from _exactly(file, int(self.headers.get("Content-Length", "0")))

    def reply(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Answer with a body that is at hand; HEAD gets its length alone."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        names = {name.lower() for name in headers}
        if status not in _WITHOUT_BODY and "content-length" not in names:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in _WITHOUT_BODY:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        """Print nothing."""


class LoopbackServer(ThreadingHTTPServer):
    """Calls ``serve`` for each request, each connection in a thread of its own."""

    daemon_threads = False  # so that server_close waits for them

    def __init__(
        self, serve: Callable[[Connection], None], *, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.serve = serve
        self._connections: set[socket.socket] = set()
        if tls is not None:  # the handshake is left to the connection's thread
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def hang_up(self) -> None:
        """Close all connections, wait for their threads, and stop listening."""
        for connection in tuple(self._connections):
            _hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Keep a connection in mind until it ends."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's
        """Forget a connection that ended."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Let clients go away whenever they like; anything else is a bug, and shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class LoopbackService(ABC):
    """Listens as soon as it is made, and answers while a ``with`` block runs."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._scheme = "http" if tls is None else "https"
        self._server = LoopbackServer(self.serve, tls=tls)

    @abstractmethod
    def serve(self, connection: Connection) -> None:
        """Read the request that ``connection`` holds, and answer it."""

    @property
    def address(self) -> str:
        """Where it listens, as references name registries: ``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def origin(self) -> str:
        """The address with its scheme."""
        return f"{self._scheme}://{self.address}"

    def __enter__(self) -> Self:
        def serve() -> None:
            self._server.serve_forever(_POLL_S)

        # A test that is interrupted need not wait for it.
        self._running = Later(serve, is_abandonable=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._running.result()
        self._server.hang_up()


def _hang_up(connection: socket.socket) -> None:
    try:
        # Not TLS's own shutdown, which would wait for the other side.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster


def _chunks(file: BufferedIOBase) -> Iterator[bytes]:
    """Read a chunked body (RFC 9112, section 7.1) and drop its trailers."""
    while length := _chunk_length(file.readline(_LONGEST_LINE)):
        yield from _exactly(file, length)
        file.readline(_LONGEST_LINE)
    while file.readline(_LONGEST_LINE).strip():
        continue


def _chunk_length(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise ConnectionError("the body ended early") from None


def _exactly(file: BufferedIOBase, length: int) -> Iterator[bytes]:
    left = length
    while left:
        data = file.read1(min(left, PART))
        if not data:
            raise ConnectionError("the body ended early")
        left -= len(data)
        yield data
