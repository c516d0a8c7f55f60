"""Downloads resume, retry what may pass, give up on what will not, and are checked."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import IntegrityError, LaminaError, NetworkError, StoreError
from lamina.http.client import HttpClient
from lamina.http.receivers import RangesIgnoredError
from lamina.http.redact import redact
from lamina.http.redirect import follow
from lamina.http.settings import HttpSettings
from lamina.oci.digest import Digest
from tests.http.conftest import Answer, Asked, Server

DATA = bytes(range(256)) * 4096
HALF = 1 << 19
DIGEST = Digest.of(DATA)
CANARY = "canary-secret"


@pytest.fixture
def waits() -> list[float]:
    """Collect how long the client would have slept."""
    return []


@pytest.fixture
def client(waits: list[float]) -> HttpClient:
    return HttpClient(HttpSettings(timeout_s=5), sleep=waits.append)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def rest(data: bytes, start: int, *, says: str = "") -> Answer:
    content_range = says or f"bytes {start}-{len(data) - 1}/{len(data)}"
    return Answer(206, data[start:], {"Content-Range": content_range})


def cut(at: int, data: bytes = DATA) -> Answer:
    return Answer(body=data[:at], length=len(data))


def ranges(server: Server) -> list[str | None]:
    return [asked.headers.get("Range") for asked in server.asked]


def test_a_file_is_downloaded_and_its_bytes_are_told(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(Answer(body=DATA))
    seen: list[int] = []

    size = client.download(
        f"{server.origin}/a.whl", path, expected=DIGEST, size=len(DATA), progress=seen.append
    )

    assert path.read_bytes() == DATA
    assert (size, seen[-1]) == (len(DATA), len(DATA))
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    assert server.asked[0].headers["User-Agent"] == f"lamina/{version('lamina')}"
    assert "Authorization" not in server.asked[0].headers


def test_an_empty_file_is_a_file(server: Server, client: HttpClient, path: Path) -> None:
    server.answers(Answer())

    assert client.download(server.origin, path, expected=Digest.of(b"")) == 0
    assert path.read_bytes() == b""


def test_a_body_cut_short_is_resumed_where_it_ended(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(cut(HALF + 9), rest(DATA, HALF))

    client.download(f"{server.origin}/a", path, expected=DIGEST)

    assert path.read_bytes() == DATA
    assert ranges(server) == [None, f"bytes={HALF}-"]


def test_a_body_cut_again_and_again_is_resumed_each_time(
    server: Server, client: HttpClient, path: Path
) -> None:
    def script(asked: Asked, _: int) -> Answer:
        start = int(asked.headers.get("Range", "bytes=0-")[6:-1])
        end = min(len(DATA), start + HALF // 2 + 7)
        whole = f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"
        return Answer(
            206 if start else 200, DATA[start:end], {"Content-Range": whole}, len(DATA) - start
        )

    server.script = script

    client.download(f"{server.origin}/a", path, expected=DIGEST)

    assert path.read_bytes() == DATA
    assert ranges(server) == [
        None, "bytes=262144-", "bytes=524288-", "bytes=786432-",
    ]  # fmt: skip


def test_a_server_that_ignores_ranges_starts_over(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(cut(HALF + 9), Answer(body=DATA))

    client.download(f"{server.origin}/a", path, expected=DIGEST)

    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    "says",
    ["bytes 2000-1048575/1048576", "bytes 100-1048575/1048576", "bytes */1048576", "", "nonsense"],
)
@pytest.mark.parametrize("expected", [DIGEST, None])
def test_a_range_that_starts_elsewhere_is_not_pasted_in(
    server: Server, client: HttpClient, path: Path, says: str, expected: Digest | None
) -> None:
    """Even without a digest to check, the file must not be a patchwork."""
    wrong = Answer(206, DATA[2000:], {"Content-Range": says} if says else {})
    server.answers(cut(HALF + 9), wrong, Answer(body=DATA))

    client.download(f"{server.origin}/a", path, expected=expected)

    assert path.read_bytes() == DATA
    assert ranges(server) == [None, f"bytes={HALF}-", None]


def test_a_range_beyond_the_end_is_an_error_and_leaves_nothing(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(cut(HALF + 9), Answer(416, headers={"Content-Range": "bytes */1000"}, length=10))

    with pytest.raises(NetworkError, match="the server answered 416"):
        client.download(f"{server.origin}/a", path, expected=DIGEST)
    assert not path.exists()


def test_chunks_that_stop_are_noticed(server: Server, client: HttpClient, path: Path) -> None:
    server.answers(Answer(body=b"5\r\nhello\r\n", length=None))

    with pytest.raises(NetworkError, match="cannot download"):
        client.download(f"{server.origin}/a", path)
    assert not path.exists()
    assert len(server.asked) == 5


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(
    server: Server, client: HttpClient, path: Path, waits: list[float], status: int
) -> None:
    server.answers(Answer(status, b"busy" * 10), Answer(status), Answer(body=DATA))

    client.download(f"{server.origin}/a", path, expected=DIGEST)

    assert waits == [1.0, 2.0]
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 304])
def test_what_will_not_pass_is_asked_once(
    server: Server, client: HttpClient, path: Path, status: int
) -> None:
    server.answers(Answer(status))

    with pytest.raises(NetworkError, match=f"the server answered {status}") as caught:
        client.download(f"{server.origin}/a", path)
    assert len(server.asked) == 1
    assert not path.exists()
    assert ("credentials" in str(caught.value.hint)) == (status in {401, 403})


def test_a_server_that_stays_broken_is_given_up_on(
    server: Server, client: HttpClient, path: Path, waits: list[float]
) -> None:
    server.answers(Answer(503))

    with pytest.raises(NetworkError, match="the server answered 503"):
        client.download(f"{server.origin}/a", path)
    assert len(server.asked) == 5
    assert sum(waits) < 60


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "86400"}, 60),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "soon"}, 1),
        ({"Retry-After": "²"}, 1),
        ({"Retry-After": "-5"}, 1),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:09 GMT"}, 9),
        ({"Retry-After": "Wed, 21 Oct 2015 09:28:00 GMT"}, 60),
        ({"Retry-After": "Wed, 21 Oct 2015 07:27:00 GMT"}, 1),
        ({"Retry-After": "Wed, 99 Oct 2015 07:27:00 GMT"}, 1),
        ({}, 1),
    ],
)
def test_a_server_says_when_to_come_back(
    server: Server, path: Path, waits: list[float], headers: dict[str, str], wait: float
) -> None:
    """A date counts from the server's own clock, which the answer carries too."""
    clock = {"Date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    server.answers(Answer(429, headers=encoded | clock), Answer(body=DATA))
    client = HttpClient(HttpSettings(), sleep=waits.append)

    client.download(f"{server.origin}/a", path, expected=DIGEST)

    assert waits == [wait]


def test_a_dead_server_is_tried_and_then_named(client: HttpClient, path: Path) -> None:
    server = Server()
    server.close()

    with pytest.raises(NetworkError, match="cannot download") as caught:
        client.download(f"{server.origin}/a.whl?token={CANARY}", path)
    assert caught.value.where == f"{server.origin}/a.whl"
    assert caught.value.exit_code == 4


def test_a_server_that_hangs_is_not_waited_for(server: Server, path: Path) -> None:
    server.answers(Answer(hang=True))
    client = HttpClient(HttpSettings(timeout_s=0.05), sleep=lambda _: None)

    with pytest.raises(NetworkError, match="cannot download") as caught:
        client.download(f"{server.origin}/a", path)
    assert len(server.asked) == 5
    assert "LAMINA_HTTP_TIMEOUT" in str(caught.value.hint)


def test_other_bytes_than_promised_leave_no_file(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(Answer(body=DATA[:-1] + b"?"))

    with pytest.raises(IntegrityError) as caught:
        client.download(f"{server.origin}/a", path, expected=DIGEST)
    assert not path.exists()
    assert f"expected sha256 {DIGEST.hex}" in str(caught.value.why)
    assert len(server.asked) == 1


def test_a_body_longer_than_promised_is_not_read_to_its_end(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(Answer(body=DATA * 5))

    with pytest.raises(IntegrityError, match="more than the promised 1048576 bytes"):
        client.download(f"{server.origin}/a", path, expected=DIGEST, size=len(DATA))
    assert not path.exists()


def test_a_body_shorter_than_promised_is_refused(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(Answer(body=DATA[:-1]))

    with pytest.raises(IntegrityError, match="less than the promised 1048576 bytes"):
        client.download(f"{server.origin}/a", path, size=len(DATA))
    assert not path.exists()


def test_a_disk_that_refuses_is_not_taken_for_the_network(
    server: Server, client: HttpClient, tmp_path: Path
) -> None:
    server.answers(Answer(body=DATA))

    with pytest.raises(StoreError, match="cannot write"):
        client.download(f"{server.origin}/a", tmp_path / "nowhere" / "file")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/b", "b", "./b", "../x/b", "{origin}/b", "//{host}/b?q=1"])
def test_redirects_are_followed(
    server: Server, client: HttpClient, path: Path, status: int, location: str
) -> None:
    host = server.origin.removeprefix("http://")
    where = location.format(origin=server.origin, host=host)
    server.answers(Answer(status, b"moved", {"Location": where}), Answer(body=DATA))

    client.download(f"{server.origin}/x/a", path, expected=DIGEST)

    assert server.asked[1].path in {"/b", "/x/b", "/b?q=1"}


def test_a_range_survives_a_redirect(server: Server, client: HttpClient, path: Path) -> None:
    moved = Answer(302, headers={"Location": "/b"})
    server.answers(moved, cut(HALF + 9), moved, rest(DATA, HALF))

    client.download(f"{server.origin}/a", path, expected=DIGEST)

    assert ranges(server) == [None, None, f"bytes={HALF}-", f"bytes={HALF}-"]


def test_redirects_in_a_circle_end(server: Server, client: HttpClient, path: Path) -> None:
    server.answers(Answer(302, headers={"Location": "/a"}))

    with pytest.raises(NetworkError, match="more than 5 redirects"):
        client.download(f"{server.origin}/a", path)
    assert len(server.asked) == 5


def test_a_redirect_without_an_address_is_an_answer(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(Answer(302))

    with pytest.raises(NetworkError, match="the server answered 302"):
        client.download(f"{server.origin}/a", path)


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://x/y", "gopher://x", "data:,x", "http://[::1"]
)
def test_redirects_to_what_is_not_http_are_refused(
    server: Server, client: HttpClient, path: Path, location: str
) -> None:
    server.answers(Answer(302, headers={"Location": location}))

    with pytest.raises(NetworkError, match="refused to follow a redirect"):
        client.download(f"{server.origin}/a", path)
    assert len(server.asked) == 1
    assert not path.exists()


def with_credentials(origin: str) -> str:
    return origin.replace("://", f"://me:{CANARY}@")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_are_not_taken_to_another_host(
    server: Server, other: Server, client: HttpClient, path: Path, status: int
) -> None:
    server.answers(Answer(status, headers={"Location": f"{other.origin}/b"}))
    other.answers(Answer(body=DATA))

    client.download(f"{with_credentials(server.origin)}/a", path, expected=DIGEST)

    assert server.asked[0].headers["Authorization"].startswith("Basic ")
    assert CANARY not in server.asked[0].path
    assert "Authorization" not in other.asked[0].headers
    assert CANARY not in str(other.asked)


def test_credentials_of_an_origin_stay_with_it(server: Server, other: Server, path: Path) -> None:
    """Another port is another origin."""
    settings = HttpSettings(credentials=((server.origin, ("me", CANARY)),))
    server.answers(Answer(302, headers={"Location": f"{other.origin}/b"}))
    other.answers(
        Answer(302, headers={"Location": f"{server.origin}/c"}), Answer(body=b"never asked")
    )
    server.script = lambda asked, _: (
        Answer(body=DATA)
        if asked.path == "/c"
        else Answer(302, headers={"Location": f"{other.origin}/b"})
    )

    HttpClient(settings).download(f"{server.origin}/a", path, expected=DIGEST)

    assert ["Authorization" in asked.headers for asked in server.asked] == [True, True]
    assert "Authorization" not in other.asked[0].headers


def test_credentials_of_an_address_stay_with_its_origin(
    server: Server, client: HttpClient, path: Path
) -> None:
    server.answers(Answer(302, headers={"Location": "/b"}), Answer(body=DATA))

    client.download(f"{with_credentials(server.origin)}/a", path, expected=DIGEST)

    assert ["Authorization" in asked.headers for asked in server.asked] == [True, True]


@pytest.mark.parametrize("fault", ["refused", "integrity", "dead", "circle", "parse", "size"])
def test_no_error_shows_a_secret(
    server: Server, client: HttpClient, path: Path, fault: str
) -> None:
    url = f"{with_credentials(server.origin)}/a?token={CANARY}"
    match fault:
        case "refused":
            server.answers(Answer(403))
        case "integrity":
            server.answers(Answer(body=b"x"))
        case "dead":
            server.close()
        case "circle":
            server.answers(Answer(302, headers={"Location": f"/a?token={CANARY}"}))
        case "parse":
            url = f"http://me:{CANARY}@127.0.0.1:99999999/a?token={CANARY}"
        case _:
            server.answers(Answer(404))

    with pytest.raises(LaminaError) as caught:
        client.size(url) if fault == "size" else client.download(url, path, expected=DIGEST)

    error = caught.value
    assert CANARY not in "\n".join(
        map(str, (error, error.what, error.where, error.why, error.hint))
    )


def test_an_address_with_secrets_is_shown_without_them() -> None:
    assert (
        redact(f"https://me:{CANARY}@h.example:8080/a/b?x={CANARY}#y")
        == "https://h.example:8080/a/b"
    )
    assert redact("file:///x/y") == "file:///x/y"


@given(st.text(max_size=30) | st.text(alphabet="htps:/@[].?#:1", max_size=20))
def test_any_address_can_be_shown(url: str) -> None:
    assert isinstance(redact(url), str)


@pytest.mark.parametrize(
    "url", ["http://[::1/a", "http://", "http://x:y/", "https:///a", "http://\0/"]
)
def test_an_address_that_is_none_is_refused(client: HttpClient, path: Path, url: str) -> None:
    with pytest.raises(NetworkError):
        client.download(url, path)
    with pytest.raises(NetworkError):
        client.size(url)


def test_a_size_is_asked_without_the_body(server: Server, client: HttpClient) -> None:
    server.answers(Answer(302, headers={"Location": "/b"}), Answer(body=DATA))

    assert client.size(f"{server.origin}/a") == len(DATA)
    assert [asked.method for asked in server.asked] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_size_is_asked_again_where_that_may_help(
    server: Server, client: HttpClient, waits: list[float], status: int
) -> None:
    server.answers(Answer(status), Answer(body=DATA))

    assert client.size(f"{server.origin}/a") == len(DATA)
    assert waits == [1.0]


@pytest.mark.parametrize(
    "answer", [Answer(404), Answer(length=None), Answer(503), Answer(200, length=-1)]
)
def test_a_size_that_nobody_says_is_an_error(
    server: Server, client: HttpClient, answer: Answer
) -> None:
    server.answers(answer)

    with pytest.raises(NetworkError):
        client.size(f"{server.origin}/a")


def test_a_connection_is_used_again(server: Server, client: HttpClient, path: Path) -> None:
    server.answers(Answer(body=DATA))

    for _ in range(5):
        client.download(f"{server.origin}/a", path, expected=DIGEST)
        client.size(f"{server.origin}/a")

    assert server.connections == 1


def test_an_answer_that_was_not_read_does_not_spoil_the_next_request(
    server: Server, client: HttpClient, path: Path, waits: list[float]
) -> None:
    server.answers(
        Answer(503, b"x" * 100), Answer(503, b"y" * 1_000_000),
        Answer(302, b"z" * 50, {"Location": "/b"}), Answer(body=DATA),
    )  # fmt: skip

    client.download(f"{server.origin}/a", path, expected=DIGEST)

    assert len(server.asked) == 4
    assert len(waits) == 2


@pytest.fixture
def no_waiting() -> Callable[[HttpSettings], HttpClient]:
    return lambda settings: HttpClient(settings, sleep=lambda _: None)


@pytest.mark.parametrize(
    ("prefix", "says"), [("http://", None), ("", None), ("http://pme:{}@", "Basic ")]
)
def test_a_proxy_is_used_as_the_environment_says(
    server: Server, path: Path, prefix: str, says: str | None,
    no_waiting: Callable[[HttpSettings], HttpClient],
) -> None:  # fmt: skip
    """``example.invalid`` never resolves: only the proxy can answer."""
    server.answers(Answer(body=DATA))
    proxy = prefix.format(CANARY) + server.origin.removeprefix("http://")
    client = no_waiting(HttpSettings(proxies=(("http", proxy),)))

    client.download("http://example.invalid/a", path, expected=DIGEST)

    (asked,) = server.asked
    assert asked.path == "http://example.invalid/a"
    assert asked.headers.get("Proxy-Authorization", "").startswith(says or "")
    assert ("Proxy-Authorization" in asked.headers) == (says is not None)


def test_loopback_is_never_asked_through_a_proxy(
    server: Server, other: Server, path: Path, no_waiting: Callable[[HttpSettings], HttpClient]
) -> None:
    server.answers(Answer(body=DATA))
    client = no_waiting(HttpSettings(proxies=(("http", other.origin),)))

    for host in ("127.0.0.1", "localhost", "LOCALHOST"):
        origin = server.origin.replace("127.0.0.1", host)
        client.download(f"{origin}/a", path, expected=DIGEST)

    assert len(server.asked) == 3
    assert other.asked == []


@pytest.mark.parametrize(
    ("rule", "proxy"),
    [
        ("example.org", ""),
        (".example.org", ""),
        ("org", ""),
        ("EXAMPLE.org", ""),
        ("*.example.org", ""),
        ("*", ""),
        ("other.org", "http://proxy:3128"),
        ("ample.org", "http://proxy:3128"),
        ("", "http://proxy:3128"),
    ],
)
def test_hosts_without_a_proxy_are_reached_directly(rule: str, proxy: str) -> None:
    settings = HttpSettings(proxies=(("http", "http://proxy:3128"),), no_proxy=(rule,))

    assert settings.proxy_for("http://Sub.example.org/a") == proxy
    assert settings.proxy_for("https://sub.example.org/a") == ""
    assert settings.proxy_for("http://[::1]:80/a") == ""


def test_a_proxy_that_refuses_is_an_error_without_its_password(
    server: Server, path: Path, no_waiting: Callable[[HttpSettings], HttpClient]
) -> None:
    server.answers(Answer(407))
    proxy = with_credentials(server.origin)
    client = no_waiting(HttpSettings(proxies=(("http", proxy), ("https", proxy))))

    for url in ("http://example.invalid/a", "https://example.invalid/a"):
        with pytest.raises(NetworkError) as caught:
            client.download(url, path)
        assert CANARY not in f"{caught.value} {caught.value.why}"


def test_missing_certificates_are_an_error_at_once(path: Path, server: Server) -> None:
    client = HttpClient(HttpSettings(certificates=Path("/nothing/ca.pem")), sleep=lambda _: None)
    origin = server.origin.replace("http:", "https:")

    with pytest.raises(NetworkError, match="cannot download"):
        client.download(f"{origin}/a", path)


@pytest.mark.parametrize("location", ["http://x.example/b", "HTTP://x.example/b"])
def test_an_encrypted_download_is_never_continued_in_the_clear(location: str) -> None:
    with pytest.raises(NetworkError, match="refused to follow a redirect from https to http"):
        follow("https://x.example/a", location)


def test_a_download_may_become_encrypted_and_stay_so() -> None:
    assert follow("http://x.example/a", "https://y.example/b") == "https://y.example/b"
    assert follow("https://x.example/a/b", "c") == "https://x.example/a/c"


def part(data: bytes, start: int, stop: int, *, says: str = "", status: int = 206) -> Answer:
    content_range = says or f"bytes {start}-{stop - 1}/{len(data)}"
    return Answer(status, data[start:stop], {"Content-Range": content_range})


def test_a_part_of_a_file_is_fetched_alone(server: Server, client: HttpClient) -> None:
    server.answers(part(DATA, 100, 300))

    assert client.read_range(f"{server.origin}/a", 100, 300) == DATA[100:300]
    assert ranges(server) == ["bytes=100-299"]
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


def test_a_part_cut_short_is_resumed_where_it_ended(server: Server, client: HttpClient) -> None:
    first = Answer(206, DATA[:HALF], {"Content-Range": f"bytes 0-{len(DATA) - 1}/*"}, len(DATA))
    server.answers(first, part(DATA, HALF, len(DATA)))

    assert client.read_range(f"{server.origin}/a", 0, len(DATA)) == DATA
    assert ranges(server)[1] == f"bytes={HALF}-{len(DATA) - 1}"


def test_a_server_that_sends_the_whole_is_told_apart_at_once(
    server: Server, client: HttpClient, waits: list[float]
) -> None:
    server.answers(Answer(body=DATA[:1000]))

    with pytest.raises(RangesIgnoredError, match="does not send parts"):
        client.read_range(f"{server.origin}/a", 0, 10)

    assert (len(server.asked), waits) == (1, [])


def test_another_part_than_was_asked_for_is_not_taken(
    server: Server, client: HttpClient, waits: list[float]
) -> None:
    server.answers(part(DATA, 0, 200, says="bytes 0-199/1000"))

    with pytest.raises(NetworkError, match="other parts than it is asked for"):
        client.read_range(f"{server.origin}/a", 100, 300)

    assert len(waits) == len(server.asked) - 1


def test_more_than_was_asked_for_is_not_taken(server: Server, client: HttpClient) -> None:
    server.answers(part(DATA, 100, 1000))

    with pytest.raises(IntegrityError, match="more than it is asked for"):
        client.read_range(f"{server.origin}/a", 100, 300)


@pytest.mark.parametrize("status", [404, 416])
def test_a_part_that_is_not_there_is_an_error(
    status: int, server: Server, client: HttpClient
) -> None:
    server.answers(Answer(status))

    with pytest.raises(NetworkError, match=f"answered {status}"):
        client.read_range(f"{server.origin}/a", 0, 10)


def test_a_part_is_fetched_with_the_credentials_of_its_origin_alone(
    server: Server, other: Server
) -> None:
    settings = HttpSettings(timeout_s=5, credentials=((server.origin, ("me", CANARY)),))
    server.answers(Answer(302, headers={"Location": f"{other.origin}/b"}))
    other.answers(part(DATA, 0, 10))

    assert HttpClient(settings).read_range(f"{server.origin}/a", 0, 10) == DATA[:10]
    assert "Authorization" in server.asked[0].headers
    assert "Authorization" not in other.asked[0].headers
    assert ranges(other) == ["bytes=0-9"]
