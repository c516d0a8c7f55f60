"""A real server on loopback whose answers a test scripts, request by request."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Answer:
    """What the server says: ``body`` after ``headers``, with a length that may be a lie.

    ``length`` None means chunked, which ``cut`` ends early; "right" is the body's own length.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | str | None = "right"
    hang: bool = False


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]


Script = Callable[[Asked, int], Answer]


class Server:
    """Answers with ``script(request, number)``, numbered from 0, and keeps what it was asked."""

    def __init__(self, name: str = "127.0.0.1") -> None:
        self.script: Script = lambda _request, _number: Answer(404)
        self.asked: list[Asked] = []
        self.connections = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.origin = f"http://{name}:{self._http.server_port}"
        self.stopped = threading.Event()
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def answers(self, *answers: Answer) -> "Server":
        """Give these answers one after another, and the last one for ever."""
        self.script = lambda _, number: answers[min(number, len(answers) - 1)]
        return self

    def close(self) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one small class
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                server.connections += 1

            def do_GET(self) -> None:
                asked = Asked(self.command, self.path, dict(self.headers.items()))
                server.asked.append(asked)
                answer = server.script(asked, len(server.asked) - 1)
                if answer.hang:
                    server.stopped.wait(20)
                    self.close_connection = True
                    return
                self._send(answer)

            do_HEAD = do_GET  # noqa: N815 - http.server's name

            def _send(self, answer: Answer) -> None:
                self.send_response_only(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                length = len(answer.body) if answer.length == "right" else answer.length
                if length is None:
                    self.send_header("Transfer-Encoding", "chunked")
                else:
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)
                if answer.length != "right":
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def other() -> Iterator[Server]:
    """Run a second server, of another origin."""
    server = Server("localhost")
    yield server
    server.close()
