"""A package index on this machine's loopback, with or without a password (PEP 503, as HTML)."""

import base64
import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(kw_only=True)
class Index:
    """What is served, and what was asked for: each request's path and Authorization.

    ``login`` is ``user:password``; with it, nothing is served to anybody else.  ``elsewhere`` is
    the address that files are redirected to.
    """

    folder: Path
    login: str = ""
    elsewhere: str = ""
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address of the index, without credentials."""
        return f"{self.origin}/simple/"

    def url_with(self, login: str) -> str:
        """Return the address of the index with credentials in it."""
        return self.url.replace("://", f"://{login}@")

    def answer(self, path: str, authorization: str) -> tuple[int, bytes, str]:
        """Say the status, the body, and where to go instead."""
        self.asked.append((path, authorization))
        wanted = f"Basic {base64.b64encode(self.login.encode()).decode()}"
        if self.login and authorization != wanted:
            return 401, b"", ""
        if path.startswith("/simple/"):
            return self._page(path.strip("/").rpartition("/")[2])
        if self.elsewhere:
            return 302, b"", f"{self.elsewhere}{path}"
        file = self.folder / Path(path).name
        return (200, file.read_bytes(), "") if file.is_file() else (404, b"", "")

    def _page(self, name: str) -> tuple[int, bytes, str]:
        links = [
            f'<a href="/files/{wheel.name}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}'
            f'">{wheel.name}</a>'
            for wheel in sorted(self.folder.glob("*.whl"))
            if wheel.name.partition("-")[0].replace("_", "-") == name
        ]
        page = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
        return (200 if links else 404), page.encode(), ""


@contextmanager
def serve(index: Index) -> Iterator[Index]:
    """Serve ``index`` while the block runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body, location = index.answer(
                self.path, self.headers.get("Authorization") or ""
            )
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="toys"')
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that the library calls

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
