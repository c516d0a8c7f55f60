"""A single exchange: all lines of an answer's head, no value of a request's, and enough time."""

import io
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from lamina.errors import NetworkError
from lamina.http.client import HttpClient
from lamina.http.exchange import Body, TimedOutError
from lamina.http.patience import answer_s, connect_s
from lamina.http.settings import HttpSettings
from tests.http.conftest import Answer, Server

CANARY = "canary-secret"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def raw(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection as ``talk`` does; give the server's origin."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def head_of(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 16)
    return data


def test_several_lines_of_a_field_are_one_value() -> None:
    """A registry may offer each of its schemes in a line of its own (RFC 9110, section 5.3)."""

    def talk(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(
            b'HTTP/1.1 401 no\r\nWWW-Authenticate: Bearer realm="a"\r\nContent-Length: 0\r\n'
            b"www-authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
        )

    with raw(talk) as origin:
        answer = HttpClient(HttpSettings(timeout_s=5)).send("GET", f"{origin}/v2/", {}, None)
        answer.close()

    assert answer.headers["www-authenticate"] == 'Bearer realm="a", Basic'
    assert answer.headers["content-length"] == "0"


@pytest.mark.parametrize("value", [f"Bearer {CANARY}\n", f"Bearer {CANARY}€", f"{CANARY}\udcff"])
def test_a_header_that_cannot_be_sent_is_not_shown(server: Server, value: str) -> None:
    """The library quotes it whole, and that would end in logs."""
    client = HttpClient(HttpSettings(timeout_s=5))

    with pytest.raises(NetworkError, match="cannot be sent") as caught:
        client.send("GET", f"{server.origin}/v2/", {"Authorization": value}, None)

    error = caught.value
    assert CANARY not in "".join(traceback.format_exception(error))
    assert CANARY not in f"{error!r} {error.where} {error.hint} {error.why}"
    assert server.asked == []


def test_what_is_stored_may_be_answered_late() -> None:
    """A registry copies and hashes a large blob before it says that it has it."""

    def talk(connection: socket.socket) -> None:
        head_of(connection)
        time.sleep(0.5)
        connection.sendall(OK)

    client = HttpClient(HttpSettings(timeout_s=0.2))
    body = Body(open=lambda: io.BytesIO(b""), size=0, is_stored=True)
    with raw(talk) as origin, closing(client.send("PUT", origin, {}, body)) as answer:
        assert answer.status == 200


def test_what_is_not_stored_is_not_waited_for_so_long() -> None:
    stop = threading.Event()

    def talk(connection: socket.socket) -> None:
        head_of(connection)
        stop.wait(10)

    with raw(talk) as origin:
        with pytest.raises(TimedOutError, match="as long as we waited") as caught:
            HttpClient(HttpSettings(timeout_s=0.1)).send("PUT", origin, {}, b"")
        stop.set()

    assert "LAMINA_HTTP_TIMEOUT" in str(caught.value.hint)


def test_a_gigabyte_may_take_longer_than_a_line_and_an_upload_a_quarter_of_an_hour() -> None:
    gigabyte = Body(open=lambda: io.BytesIO(b""), size=1 << 30)

    assert answer_s(b"line", 60) == 60
    assert answer_s(gigabyte, 60) == 60 + 1024
    assert answer_s(Body(open=gigabyte.open, size=1, is_stored=True), 60) == 900


def test_an_answer_that_drips_is_handed_over_as_it_comes() -> None:
    stop = threading.Event()

    def talk(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nab")
        stop.wait(10)

    with raw(talk) as origin:
        answer = HttpClient(HttpSettings(timeout_s=0.3)).send("GET", origin, {}, None)
        parts = [answer.read_some(1000)]
        stop.set()
        answer.close()

    assert b"".join(parts) in {b"a", b"ab"}


def test_an_answer_that_ends_early_is_not_taken_for_whole(server: Server) -> None:
    server.answers(Answer(body=b"half", length=8))
    answer = HttpClient(HttpSettings(timeout_s=5)).send("GET", server.origin, {}, None)

    with closing(answer), pytest.raises(NetworkError, match="broke"):
        list(iter(lambda: answer.read_some(100), b""))


def test_who_closes_a_dripping_answer_does_not_wait_for_its_end() -> None:
    stop = threading.Event()

    def talk(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(OSError):
            while not stop.wait(0.05):
                connection.sendall(b".")

    with raw(talk) as origin:
        answer = HttpClient(HttpSettings(timeout_s=5)).send("GET", origin, {}, None)
        started = time.monotonic()
        answer.close()
        stop.set()

    assert time.monotonic() - started < 5


def test_a_server_may_stop_listening_for_as_long_as_it_may_be_silent() -> None:
    """The library has one limit for that and for connecting, where ten seconds are enough."""
    body = Body(open=lambda: io.BytesIO(b""), size=0)

    assert connect_s(None, 60) == 10
    assert connect_s(b"line", 60) == 10
    assert connect_s(body, 60) == 60
