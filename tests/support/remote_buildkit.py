"""A BuildKit that is reached over TCP: the one inside a Docker engine, behind a port of its own.

No distribution packages buildkitd, but dockerd serves the same API after a request to upgrade.
"""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
_CHUNK = 1 << 16


@contextmanager
def served_over_tcp(engine: Path) -> Iterator[str]:
    """Serve the BuildKit of the engine on the socket ``engine``; yield ``tcp://127.0.0.1:PORT``."""

    class Connection(socketserver.BaseRequestHandler):
        """One client's connection, passed on."""

        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as upstream:
                upstream.connect(str(engine))
                upstream.sendall(_UPGRADE)
                _read_head(upstream)
                back = threading.Thread(target=_pass, args=(upstream, self.request), daemon=True)
                back.start()
                _pass(self.request, upstream)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Connection) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _read_head(stream: socket.socket) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.recv(1)  # not one byte more: what follows is the client's
        if not byte:
            raise ConnectionError("the engine closed the connection")
        head += byte
    if b" 101 " not in head.partition(b"\r\n")[0]:
        raise ConnectionError(head.decode())


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    for stream in (source, target):
        with suppress(OSError):
            stream.shutdown(socket.SHUT_RDWR)
