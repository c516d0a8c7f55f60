"""HTTP to a program on this machine: over a unix socket, or over the loopback."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, IncompleteRead

_HUNG_UP = (BrokenPipeError, ConnectionResetError)
_OK = 200
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a program listens: at ``path``, or at ``port`` of ``host`` where that is empty."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix://{self.path}" if self.path else f"tcp://{host}:{self.port}"


class LocalError(Exception):
    """Nobody listens, or the other side hung up; ``reason`` says how."""

    def __init__(self, reason: OSError | HTTPException) -> None:
        super().__init__(str(reason) or repr(reason))
        self.reason = reason


class BodyWriter:
    """Takes a request's body piece by piece and sends it in chunks (RFC 9112, section 7.1)."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def write(self, data: bytes, /) -> None:
        """Send ``data``; raise ``LocalError`` when nobody takes it."""
        if data:  # a chunk of no bytes ends the body
            self._send(b"%x\r\n%b\r\n" % (len(data), data))

    def finish(self) -> None:
        """Send the last chunk; a body without one is one that broke off."""
        self._send(b"0\r\n\r\n")

    def _send(self, data: bytes) -> None:
        with _talking():
            self._connection.send(data)


Pour = Callable[[BodyWriter], None]
"""Writes all of a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBody:
    """What is sent with a request."""

    content_type: str
    pour: Pour


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAnswer:
    """What came back; ``is_early`` when the other side did not wait for all of the body."""

    status: int
    body: bytes
    is_early: bool = False


def exchange(
    address: Address, method: str, path: str, body: LocalBody | None = None, *, timeout_s: float
) -> LocalAnswer:
    """Make one request and read the answer whole; ``timeout_s`` is for each silence.

    What ``pour`` raises goes through, and the other side sees the body break off.  Raises
    ``LocalError``.
    """
    connection = _connection(address, timeout_s)
    try:
        with _talking():
            connection.connect()
            connection.putrequest(method, path)
            if body is not None:
                connection.putheader("Content-Type", body.content_type)
                connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
        is_early = body is not None and not _is_taken(body.pour, BodyWriter(connection))
        with _talking():
            response = connection.getresponse()
            answer = response.read()
    finally:
        connection.close()
    return LocalAnswer(status=response.status, body=answer, is_early=is_early)


def receive(
    address: Address, path: str, write: Callable[[bytes], object], *, timeout_s: float
) -> LocalAnswer:
    """Get ``path``, handing a body of the status 200 on piece by piece instead of keeping it.

    What ``write`` raises goes through.  Raises ``LocalError``, also for a body that broke off.
    """
    connection = _connection(address, timeout_s)
    try:
        with _talking():
            connection.connect()
            connection.request("GET", path)
            response = connection.getresponse()
        if response.status != _OK:
            with _talking():
                return LocalAnswer(status=response.status, body=response.read())
        while True:
            with _talking():
                data = response.read(_PIECE)
            if not data and response.length:  # http.client says so for bodies in chunks alone
                raise LocalError(IncompleteRead(b"", response.length))
            if not data:
                return LocalAnswer(status=response.status, body=b"")
            write(data)
    finally:
        connection.close()


def _is_taken(pour: Pour, body: BodyWriter) -> bool:
    """Send the body; who refuses hangs up in the middle, after an answer that says why."""
    try:
        pour(body)
        body.finish()
    except LocalError as error:
        if isinstance(error.reason, _HUNG_UP):
            return False
        raise
    return True


@contextmanager
def _talking() -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException) as error:
        raise LocalError(error) from error


def _connection(address: Address, timeout_s: float) -> HTTPConnection:
    if address.path:
        return _UnixConnection(address.path, timeout_s)
    return HTTPConnection(address.host, address.port, timeout=timeout_s)


class _UnixConnection(HTTPConnection):
    """A connection to a socket in the file system."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
