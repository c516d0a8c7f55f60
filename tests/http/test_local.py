"""HTTP to a program on this machine: bodies in chunks, early answers, and who hangs up."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lamina.destinations.docker_engine import DockerEngine
from lamina.destinations.local_engine import EngineError
from lamina.http.local import Address, BodyWriter, LocalBody, LocalError, exchange, receive
from lamina.parallel import Later

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_TIMEOUT_S = 20


@contextmanager
def listening(path: Path, serve: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Serve one connection at ``path``."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                serve(connection)

        serving = Later(accept)
        yield Address(path=str(path))
        serving.result()


def read_until(connection: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        part = connection.recv(1 << 16)
        if not part:
            break
        data += part
    return data


def body(*parts: bytes) -> LocalBody:
    def pour(file: BodyWriter) -> None:
        for part in parts:
            file.write(part)

    return LocalBody(content_type="application/x-tar", pour=pour)


def test_a_body_is_sent_in_chunks_and_ends_once(tmp_path: Path) -> None:
    """An empty piece is no end."""
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        heard.append(read_until(connection, b"\r\n0\r\n\r\n"))
        connection.sendall(_ANSWER)

    with listening(tmp_path / "s", serve) as address:
        answer = exchange(
            address, "POST", "/x?y=1", body(b"one", b"", b"two"), timeout_s=_TIMEOUT_S
        )

    assert (answer.status, answer.body, answer.is_early) == (200, b"ok", False)
    head, _, sent = heard[0].partition(b"\r\n\r\n")
    assert sent == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert head.startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert b"Transfer-Encoding: chunked" in head


def test_an_answer_before_the_end_of_the_body_is_read(tmp_path: Path) -> None:
    """Who refuses does not wait for the rest."""

    def serve(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(_ANSWER)

    with listening(tmp_path / "s", serve) as address:
        large = body(*[bytes(1 << 20)] * 8)
        answer = exchange(address, "POST", "/x", large, timeout_s=_TIMEOUT_S)

    assert (answer.body, answer.is_early) == (b"ok", True)


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"nonsense\r\n\r\n"]
)
def test_an_answer_that_breaks_off_is_an_error(tmp_path: Path, said: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(said)

    with (
        listening(tmp_path / "s", serve) as address,
        pytest.raises(LocalError),
    ):
        exchange(address, "GET", "/x", timeout_s=_TIMEOUT_S)


def test_silence_is_an_error_in_the_end(tmp_path: Path) -> None:
    def serve(connection: socket.socket) -> None:
        read_until(connection, b"never")

    with (
        listening(tmp_path / "s", serve) as address,
        pytest.raises(LocalError) as caught,
    ):
        exchange(address, "GET", "/x", timeout_s=0.05)

    assert isinstance(caught.value.reason, TimeoutError)


def test_a_body_that_fails_is_broken_off_and_says_so_itself(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def pour(file: BodyWriter) -> None:
        file.write(b"half")
        raise OSError(errno.EIO, "the disk")

    def serve(connection: socket.socket) -> None:
        heard.append(read_until(connection, b"0\r\n\r\n"))

    with (
        listening(tmp_path / "s", serve) as address,
        pytest.raises(OSError, match="the disk"),
    ):
        exchange(
            address, "POST", "/x", LocalBody(content_type="x/y", pour=pour), timeout_s=_TIMEOUT_S
        )

    assert heard[0].endswith(b"4\r\nhalf\r\n")


def test_an_address_is_shown_as_docker_writes_it() -> None:
    assert str(Address(path="/run/x.sock")) == "unix:///run/x.sock"
    assert str(Address(host="127.0.0.1", port=2375)) == "tcp://127.0.0.1:2375"
    assert str(Address(host="::1", port=2375)) == "tcp://[::1]:2375"


@contextmanager
def without_root() -> Iterator[None]:
    """Be nobody for a while, where we are root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_socket_of_others_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        path.chmod(0)

        with without_root(), pytest.raises(EngineError, match="may not talk") as caught:
            DockerEngine(Address(path=str(path))).image_ids()

    assert "docker" in str(caught.value.hint)
    assert caught.value.exit_code == 4


def test_a_large_answer_is_handed_on_and_not_kept(tmp_path: Path) -> None:
    def serve(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            connection.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
        connection.sendall(b"0\r\n\r\n")

    sizes: list[int] = []
    with listening(tmp_path / "s", serve) as address:
        answer = receive(address, "/x", lambda data: sizes.append(len(data)), timeout_s=_TIMEOUT_S)

    assert (answer.status, answer.body) == (200, b"")
    assert (sum(sizes), max(sizes)) == (3 << 20, 1 << 20)


def test_an_answer_that_says_no_is_kept(tmp_path: Path) -> None:
    def serve(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnope")

    with listening(tmp_path / "s", serve) as address:
        handed: list[bytes] = []
        answer = receive(address, "/x", handed.append, timeout_s=_TIMEOUT_S)

    assert (answer.status, answer.body, handed) == (404, b"nope", [])


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_a_large_answer_that_breaks_off_is_an_error(tmp_path: Path, sent: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(sent)

    with listening(tmp_path / "s", serve) as address, pytest.raises(LocalError):
        receive(address, "/x", lambda _: None, timeout_s=_TIMEOUT_S)
