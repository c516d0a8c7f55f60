"""The comments and issues of a code forge, as its API serves them on the loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(kw_only=True)
class Forge:
    """What has been written; ``calls`` are method, path and the header that carries the token."""

    address: str = ""
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def forge() -> Iterator[Forge]:
    """Serve an API in which a collection is made by the first POST to its path."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.state = Forge(address=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.state
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    state: Forge


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        self._note()
        self._answer(200, self.server.state.items.get(self._path, []))

    def do_POST(self) -> None:
        self._note()
        number = len(self._everything) + 1
        item = {"id": number, "number": number, "user": {"type": "Bot"}, **self._body()}
        self.server.state.items.setdefault(self._path, []).append(item)
        self._answer(201, item)

    def do_PATCH(self) -> None:
        self._change()

    def do_PUT(self) -> None:
        self._change()

    def _change(self) -> None:
        self._note()
        number = int(self._path.rpartition("/")[2])
        (item,) = (one for one in self._everything if one["id"] == number)
        item |= self._body()
        self._answer(200, item)

    @property
    def _everything(self) -> list[dict[str, Any]]:
        return [one for items in self.server.state.items.values() for one in items]

    @property
    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _note(self) -> None:
        token = self.headers["Authorization"] or self.headers["PRIVATE-TOKEN"] or ""
        self.server.state.calls.append((self.command, self.path, token))

    def _body(self) -> dict[str, Any]:
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, status: int, document: object) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass
