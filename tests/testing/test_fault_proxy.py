"""The fault proxy passes everything on as it is, but for what its rules say."""

import http.client
from collections.abc import Iterator

import pytest

from lamina.oci.digest import Digest
from lamina.testing.fault_proxy import FaultProxy, ProxiedRequest, Sink
from lamina.testing.faults import (
    CloseBefore,
    CloseRequestAfter,
    CloseResponseAfter,
    CorruptAt,
    CorruptRequestAt,
    Delay,
    DeleteHeaders,
    RedirectTo,
    Rule,
    SetHeaders,
    Status,
    Throttle,
)
from lamina.testing.loopback import Connection, LoopbackService
from lamina.testing.registry import InMemoryRegistry
from tests.support.raw_http import ask

BLOB = bytes(range(256)) * 1000
DIGEST = Digest.of(BLOB)
PATH = f"/v2/demo/blobs/{DIGEST}"
POST = f"/v2/demo/blobs/uploads/?digest={DIGEST}"
GONE = (http.client.HTTPException, ConnectionError)


@pytest.fixture
def upstream() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        registry.repositories["demo"].blobs[DIGEST] = BLOB
        yield registry


@pytest.fixture
def proxy(upstream: InMemoryRegistry) -> Iterator[FaultProxy]:
    with FaultProxy(upstream.address) as proxy:
        yield proxy


def only(proxy: FaultProxy) -> ProxiedRequest:
    (request,) = proxy.requests()
    return request


class Chunky(LoopbackService):
    """Answers with a body in two chunks of HTTP, or without any length."""

    has_length = True

    def serve(self, connection: Connection) -> None:
        connection.send_response(200)
        if self.has_length:
            connection.send_header("Transfer-Encoding", "chunked")
            connection.end_headers()
            connection.wfile.write(b"5\r\nhello\r\n6\r\n, blob\r\n0\r\n\r\n")
        else:
            connection.send_header("Connection", "close")
            connection.end_headers()
            connection.wfile.write(b"hello, blob")


def test_without_rules_a_server_and_its_proxy_say_the_same(
    upstream: InMemoryRegistry, proxy: FaultProxy
) -> None:
    for method in ("GET", "HEAD"):
        direct, through = (ask(at, method, PATH) for at in (upstream.address, proxy.address))

        assert direct.body == through.body
        assert {**direct.headers, "date": ""} == {**through.headers, "date": ""}


def test_a_request_body_arrives(upstream: InMemoryRegistry, proxy: FaultProxy) -> None:
    said = ask(proxy.address, "POST", POST, BLOB)

    assert said.status == 201
    assert upstream.uploads() == (DIGEST,)
    assert only(proxy).request_bytes == len(BLOB)


def test_a_request_body_in_chunks_arrives(upstream: InMemoryRegistry, proxy: FaultProxy) -> None:
    said = ask(proxy.address, "POST", POST, [BLOB[:7], BLOB[7:]])

    assert said.status == 201
    assert upstream.uploads() == (DIGEST,)


@pytest.mark.parametrize("has_length", [True, False])
def test_an_answer_whose_length_is_not_named_arrives(has_length: bool) -> None:  # noqa: FBT001
    with Chunky() as upstream, FaultProxy(upstream.address) as proxy:
        upstream.has_length = has_length

        assert ask(proxy.address, "GET", "/").body == b"hello, blob"
        assert only(proxy).response_bytes == 11


def test_a_client_that_waits_to_be_told_to_go_on_is_told(proxy: FaultProxy) -> None:
    connection = http.client.HTTPConnection(proxy.address, timeout=20)
    connection.connect()
    connection.sock.sendall(
        f"POST {POST} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(BLOB)}\r\n\r\n".encode()
    )

    first = connection.sock.recv(100)
    connection.sock.sendall(BLOB)
    second = connection.sock.recv(12)
    connection.close()

    assert first.startswith(b"HTTP/1.1 100 ")
    assert second == b"HTTP/1.1 201"


def test_a_connection_is_kept_over_requests_and_faults(proxy: FaultProxy) -> None:
    proxy.use(Rule(Status(503), nth=(2,)))
    connection = http.client.HTTPConnection(proxy.address, timeout=20)
    statuses = []
    for method in ("GET", "POST", "HEAD", "GET"):
        connection.request(method, PATH, body=b"x" * 99999 if method == "POST" else None)
        answer = connection.getresponse()
        statuses.append((answer.status, len(answer.read())))
    connection.close()

    assert statuses == [(200, len(BLOB)), (503, 0), (200, 0), (200, len(BLOB))]


def test_a_server_that_goes_away_goes_away_for_the_client() -> None:
    with InMemoryRegistry() as upstream:
        address = upstream.address

    with FaultProxy(address) as proxy, pytest.raises(GONE):
        ask(proxy.address, "GET", "/v2/")


class TestRules:
    def test_a_rule_is_for_a_method_and_a_path(self, proxy: FaultProxy) -> None:
        proxy.use(Rule(Status(500), method="GET|PUT", path="/blobs/sha256"))

        statuses = [
            ask(proxy.address, method, path).status
            for method, path in [("GET", PATH), ("HEAD", PATH), ("GET", "/v2/")]
        ]

        assert statuses == [500, 200, 200]

    def test_a_rule_counts_the_requests_that_match(self, proxy: FaultProxy) -> None:
        proxy.use(Rule(Status(500), path="/blobs/", nth=(1, 3)))

        statuses = [
            ask(proxy.address, "HEAD", path).status for path in (PATH, "/v2/", PATH, PATH, PATH)
        ]

        assert statuses == [500, 200, 200, 500, 200]

    def test_the_first_rule_that_fires_decides_and_is_told(self, proxy: FaultProxy) -> None:
        first, second = Rule(Status(500), nth=(2,)), Rule(Status(429))
        proxy.use(first, second)

        statuses = [ask(proxy.address, "HEAD", PATH).status for _ in range(3)]

        assert statuses == [429, 500, 429]
        assert [request.rule for request in proxy.requests()] == [second, first, second]

    def test_other_rules_begin_to_count_anew(self, proxy: FaultProxy) -> None:
        rule = Rule(Status(500), nth=(1,))
        for _ in range(2):
            proxy.use(rule)

            assert ask(proxy.address, "HEAD", PATH).status == 500


class TestActions:
    def test_a_status_is_answered_without_asking(
        self, upstream: InMemoryRegistry, proxy: FaultProxy
    ) -> None:
        proxy.use(Rule(Status(429, {"Retry-After": "7"}, b"slowly")))

        said = ask(proxy.address, "POST", POST, BLOB)

        assert (said.status, said.headers["retry-after"], said.body) == (429, "7", b"slowly")
        assert upstream.requests() == ()

    def test_a_status_for_head_has_no_body(self, proxy: FaultProxy) -> None:
        proxy.use(Rule(Status(403, {}, b"no")))

        said = ask(proxy.address, "HEAD", PATH)

        assert (said.status, said.headers["content-length"], said.body) == (403, "2", b"")

    def test_a_connection_closes_before_the_answer(
        self, upstream: InMemoryRegistry, proxy: FaultProxy
    ) -> None:
        proxy.use(Rule(CloseBefore()))

        with pytest.raises(GONE):
            ask(proxy.address, "GET", PATH)
        assert upstream.requests() == ()
        assert only(proxy).status == 0

    def test_a_connection_closes_in_the_middle_of_a_request(
        self, upstream: InMemoryRegistry
    ) -> None:
        with (
            FaultProxy(upstream.address, Rule(CloseRequestAfter(70_000))) as proxy,
            pytest.raises(GONE),
        ):
            ask(proxy.address, "POST", POST, BLOB)

        assert only(proxy).request_bytes == 70_000
        assert upstream.uploads() == ()

    def test_a_shorter_request_is_not_cut(self, proxy: FaultProxy) -> None:
        proxy.use(Rule(CloseRequestAfter(len(BLOB))))

        assert ask(proxy.address, "POST", POST, BLOB).status == 201

    @pytest.mark.parametrize("count", [0, 1, 70_000])
    def test_a_connection_closes_in_the_middle_of_an_answer(
        self, proxy: FaultProxy, count: int
    ) -> None:
        """The answer names its whole length all the same."""
        proxy.use(Rule(CloseResponseAfter(count)))

        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(proxy.address, "GET", PATH)

        assert len(caught.value.partial) == count
        assert caught.value.expected == len(BLOB) - count
        assert only(proxy).response_bytes == count

    def test_an_answer_in_chunks_is_cut_as_well(self) -> None:
        with (
            Chunky() as upstream,
            FaultProxy(upstream.address, Rule(CloseResponseAfter(5))) as proxy,
            pytest.raises(http.client.IncompleteRead) as caught,
        ):
            ask(proxy.address, "GET", "/")

        assert caught.value.partial == b"hello"

    @pytest.mark.parametrize("offset", [0, 65_536, len(BLOB) - 1])
    def test_one_byte_of_an_answer_is_wrong(self, proxy: FaultProxy, offset: int) -> None:
        proxy.use(Rule(CorruptAt(offset)))

        body = ask(proxy.address, "GET", PATH).body

        assert [i for i, (a, b) in enumerate(zip(BLOB, body, strict=True)) if a != b] == [offset]

    def test_one_byte_of_a_request_is_wrong(
        self, upstream: InMemoryRegistry, proxy: FaultProxy
    ) -> None:
        proxy.use(Rule(CorruptRequestAt(3)))

        assert ask(proxy.address, "POST", POST, BLOB).status == 400
        assert upstream.uploads() == ()

    def test_a_request_is_delayed(self, upstream: InMemoryRegistry) -> None:
        slept: list[float] = []
        with FaultProxy(upstream.address, Rule(Delay(30)), sleep=slept.append) as proxy:
            assert ask(proxy.address, "GET", PATH).status == 200

        assert slept == [30]

    def test_an_answer_is_slowed_down(self, upstream: InMemoryRegistry) -> None:
        slept: list[float] = []
        with FaultProxy(upstream.address, Rule(Throttle(1000)), sleep=slept.append) as proxy:
            assert ask(proxy.address, "GET", PATH).body == BLOB

        assert slept == [1.0] * 256

    def test_waiting_ends_with_the_block(self, upstream: InMemoryRegistry) -> None:
        with FaultProxy(upstream.address, Rule(Delay(600))) as proxy:
            connection = http.client.HTTPConnection(proxy.address, timeout=20)
            connection.request("GET", PATH)
        connection.close()

    def test_headers_of_an_answer_are_replaced_and_added(self, proxy: FaultProxy) -> None:
        proxy.use(Rule(SetHeaders({"docker-content-digest": "wrong", "X-New": "1"})))

        said = ask(proxy.address, "GET", PATH)

        assert (said.headers["docker-content-digest"], said.headers["x-new"]) == ("wrong", "1")
        assert said.body == BLOB

    def test_headers_of_an_answer_are_taken_out(self, proxy: FaultProxy) -> None:
        proxy.use(Rule(DeleteHeaders(("docker-content-digest", "content-length"))))

        said = ask(proxy.address, "GET", PATH)

        assert "docker-content-digest" not in said.headers
        assert said.body == BLOB

    def test_a_longer_length_than_the_body_has_ends_with_the_connection(
        self, proxy: FaultProxy
    ) -> None:
        proxy.use(Rule(SetHeaders({"Content-Length": str(len(BLOB) + 1)})))

        with pytest.raises(http.client.IncompleteRead):
            ask(proxy.address, "GET", PATH)

    def test_a_redirect_keeps_path_and_query(self, proxy: FaultProxy) -> None:
        proxy.use(Rule(RedirectTo("http://example.test", code=302)))

        said = ask(proxy.address, "GET", f"{PATH}?a=%2F")

        assert said.status == 302
        assert said.headers["location"] == f"http://example.test{PATH}?a=%2F"


class TestLog:
    def test_a_request_is_logged_without_its_secret(self, proxy: FaultProxy) -> None:
        headers = {"Authorization": "Bearer s3cret", "Range": "bytes=0-9"}

        ask(proxy.address, "GET", f"{PATH}?a=1", headers=headers)

        request = only(proxy)
        assert (request.method, request.path, request.query) == ("GET", PATH, "a=1")
        assert (request.has_authorization, request.authorization_scheme) == (True, "Bearer")
        assert (request.range, request.status, request.response_bytes) == ("bytes=0-9", 206, 10)
        assert "s3cret" not in repr(request)

    def test_requests_are_found_and_forgotten(self, proxy: FaultProxy) -> None:
        ask(proxy.address, "HEAD", PATH)
        ask(proxy.address, "GET", "/v2/")

        assert [r.path for r in proxy.requests(method="GET")] == ["/v2/"]
        assert [r.method for r in proxy.requests(path_contains="sha256")] == ["HEAD"]
        proxy.reset()
        assert proxy.requests() == ()


class TestSink:
    def test_a_sink_tells_who_said_who_they_are(self) -> None:
        with Sink(b"bytes", headers={"X-Sink": "1"}) as sink:
            said = ask(sink.address, "PUT", "/any?thing=1", b"body")
            quiet = sink.secrets
            ask(sink.address, "GET", "/x", headers={"Authorization": "Basic x", "Cookie": "y"})

        assert (said.status, said.headers["x-sink"], said.body) == (200, "1", b"bytes")
        assert quiet == ()
        assert sink.secrets == ("Authorization", "Cookie")
        assert [(r.method, r.path) for r in sink.requests] == [("PUT", "/any"), ("GET", "/x")]

    def test_a_sink_is_another_host_under_its_other_name(self) -> None:
        with Sink() as sink:
            host = sink.elsewhere.removeprefix("http://")

            assert ask(host, "GET", "/").status == 200
