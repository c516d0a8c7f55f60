"""Who we are is told to the registry alone, and as it wants to be told."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lamina.errors import ImageError, InputError, NetworkError
from lamina.http.client import HttpClient
from lamina.http.exchange import Answer
from lamina.http.settings import HttpSettings
from lamina.oci.digest import Digest
from lamina.registry.error import MissingError, RefusedError
from lamina.registry.pull import RemoteContent
from lamina.testing.fault_proxy import FaultProxy, Sink
from lamina.testing.faults import Delay, RedirectTo, Rule, SetHeaders, Status
from lamina.testing.registry import Basic, Bearer, InMemoryRegistry
from tests.registry.talking import CANARY, LOGIN, NAME, describe, read, talk_to
from tests.support.registry import make_certificate

ALICE = Bearer(user="alice", password=CANARY, identity_token="canary-identity")
PULL, PUSH = f"repository:{NAME}:pull", f"repository:{NAME}:pull,push"
DENIED = b'{"errors": [{"code": "DENIED", "message": "not \\u001b[1myou"}]}'


@pytest.fixture
def guarded() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry(auth=ALICE) as registry:
        yield registry


def asked(registry: InMemoryRegistry) -> list[tuple[str, str, int]]:
    return [
        (row.method, row.path.rpartition("/")[2][:6], row.status) for row in registry.requests()
    ]


def test_nobody_is_asked_for_a_password_that_is_not_wanted() -> None:
    with InMemoryRegistry() as registry:
        assert talk_to(registry.address, environment=LOGIN).find_manifest("v1") is None

        assert not any(row.has_authorization for row in registry.requests())


def test_a_password_is_sent_where_one_is_wanted_and_then_at_once() -> None:
    with InMemoryRegistry(auth=Basic(user="alice", password=CANARY)) as registry:
        client = talk_to(registry.address, environment=LOGIN)
        client.find_manifest("v1")
        client.find_manifest("v2")

        assert [status for _, what, status in asked(registry) if what] == [401, 404, 404]


def test_a_wrong_password_is_tried_once_and_its_source_named() -> None:
    with InMemoryRegistry(auth=Basic(user="alice", password="another")) as registry:
        with pytest.raises(RefusedError) as caught:
            talk_to(registry.address, environment=LOGIN).get_manifest("v1")

        assert "LAMINA_REGISTRY_USER" in str(caught.value.hint)
        assert sum(row.has_authorization for row in registry.requests()) == 1


def test_a_token_is_asked_for_once_for_each_scope(guarded: InMemoryRegistry) -> None:
    client = talk_to(guarded.address, environment=LOGIN)
    for tag in ("a", "b", "c"):
        client.find_manifest(tag)
        client.find_manifest(tag, for_push=True)

    assert guarded.scopes == (PULL, PUSH)


def test_after_the_first_challenge_tokens_are_there_before_they_are_missed(
    guarded: InMemoryRegistry,
) -> None:
    client = talk_to(guarded.address, environment=LOGIN)
    client.find_manifest("a")
    client.find_manifest("a", for_push=True)

    refused = [row for row in guarded.requests(path_contains="/manifests/") if row.status == 401]
    assert len(refused) == 1


def test_another_repository_gets_a_token_of_its_own(guarded: InMemoryRegistry) -> None:
    for name in ("one/app", "other/app"):
        talk_to(guarded.address, name=name, environment=LOGIN).find_manifest("v1")

    assert guarded.scopes == ("repository:one/app:pull", "repository:other/app:pull")


def test_a_token_is_replaced_before_it_ends(guarded: InMemoryRegistry) -> None:
    """It is good for 300 s, and after four fifths of that a large upload might outlive it."""
    now = [0.0]
    client = talk_to(guarded.address, environment=LOGIN, clock=lambda: now[0])
    for moment in (0, 239, 241):
        now[0] = moment
        client.find_manifest("a")

    assert guarded.scopes == (PULL, PULL)


def test_anybody_may_pull_where_anybody_may() -> None:
    with InMemoryRegistry(auth=replace(ALICE, allows_anonymous_pull=True)) as registry:
        assert talk_to(registry.address).find_manifest("v1") is None


@pytest.mark.parametrize("has_oauth2", [True, False])
def test_an_identity_token_gets_in(has_oauth2: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A server without OAuth2 gets the token as a password of nobody, and may refuse that."""
    with InMemoryRegistry(auth=replace(ALICE, has_oauth2=has_oauth2)) as registry:
        environment = config(tmp_path, registry.address, {"identitytoken": "canary-identity"})
        client = talk_to(registry.address, environment=environment)

        if has_oauth2:
            assert client.find_manifest("v1") is None
        else:
            with pytest.raises(RefusedError):
                client.find_manifest("v1")
        assert registry.requests(method="POST", path_contains="/token")


def test_a_registry_token_is_used_as_it_is(guarded: InMemoryRegistry, tmp_path: Path) -> None:
    environment = config(tmp_path, guarded.address, {"registrytoken": "canary-token"})

    with pytest.raises(RefusedError) as caught:
        talk_to(guarded.address, environment=environment).find_manifest("v1")

    assert caught.value.status == 401
    assert guarded.requests(path_contains="/token") == ()
    assert any(row.has_authorization for row in guarded.requests())


def config(folder: Path, address: str, entry: dict[str, str]) -> dict[str, str]:
    (folder / "auth.json").write_text(json.dumps({"auths": {address: entry}}))
    return {"REGISTRY_AUTH_FILE": str(folder / "auth.json")}


def test_a_wider_scope_is_asked_for_where_the_registry_says_so(guarded: InMemoryRegistry) -> None:
    wide = f"repository:{NAME}:pull,push,delete"
    with FaultProxy(guarded.address) as proxy:
        challenge = f'Bearer realm="http://{proxy.address}/token",service="in-memory"'
        more = f'{challenge},scope="{wide} repository:other:push",error="insufficient_scope"'
        proxy.use(Rule(Status(401, {"WWW-Authenticate": more}), path="/manifests/", nth=(2,)))

        talk_to(proxy.address, environment=LOGIN).find_manifest("v1", for_push=True)

    assert guarded.scopes == (PUSH, PUSH, wide)


def test_a_challenge_of_a_host_that_we_were_sent_to_is_not_answered(
    guarded: InMemoryRegistry,
) -> None:
    """Else a registry could be made to send the password to a realm of somebody else's choice."""
    with Sink(b'{"token": "t"}') as realm:
        challenge = {"WWW-Authenticate": f'Bearer realm="{realm.origin}/t",service="s"'}
        with (
            Sink(status=401, headers=challenge) as elsewhere,
            FaultProxy(guarded.address, Rule(RedirectTo(elsewhere.elsewhere), path="/manifests/"))
            as proxy,
        ):  # fmt: skip
            with pytest.raises(RefusedError):
                talk_to(proxy.address, environment=LOGIN).get_manifest("v1")

            assert elsewhere.secrets == ()
        assert realm.requests == ()


def test_a_token_server_may_not_send_us_on(guarded: InMemoryRegistry) -> None:
    with (
        Sink(b'{"token": "t"}') as sink,
        FaultProxy(guarded.address, Rule(RedirectTo(sink.elsewhere), path="^/token")) as proxy,
    ):
        with pytest.raises(RefusedError):
            talk_to(proxy.address, environment=LOGIN).get_manifest("v1")

        assert sink.requests == ()


@pytest.mark.parametrize(
    "challenge",
    ["Negotiate", 'Bearer service="x"', 'Digest realm="x"', "", 'Basic realm="x', "\t,,"],
)
def test_a_challenge_that_nobody_can_answer_is_an_error_at_once(challenge: str) -> None:
    refused = Rule(Status(401, {"WWW-Authenticate": challenge}), path="/manifests/")
    with InMemoryRegistry() as registry, FaultProxy(registry.address, refused) as proxy:
        with pytest.raises(RefusedError) as caught:
            talk_to(proxy.address).get_manifest("v1")

        assert caught.value.status == 401
        assert len(proxy.requests(path_contains="/manifests/")) == 1


def test_a_registry_that_says_no_more_is_quoted_so() -> None:
    with InMemoryRegistry() as registry, FaultProxy(registry.address, Rule(Status(401))) as proxy:
        with pytest.raises(RefusedError) as caught:
            talk_to(proxy.address, environment=LOGIN).get_manifest("v1")

        assert "does not say how it wants to be asked" in str(caught.value.hint)


@pytest.mark.parametrize("code", [400, 401, 403])
def test_head_has_no_body_so_the_reason_is_asked_for_with_get(code: int) -> None:
    with InMemoryRegistry() as registry, FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Status(code, {}, DENIED), path="/manifests/"))

        with pytest.raises(RefusedError) as caught:
            talk_to(proxy.address).find_manifest("v1")

        assert str(caught.value.why).startswith("DENIED: not ")
        assert "\x1b" not in str(caught.value.why)
        assert [row.method for row in proxy.requests(path_contains="/manifests/")] == [
            "HEAD",
            "GET",
        ]


@pytest.mark.parametrize("body", [b"x" * (10 << 20), b"<html>\x1b[2J", b"[" * 100_000, b"\xff\x00"])
def test_a_huge_or_hostile_refusal_is_cut_and_made_harmless(body: bytes) -> None:
    with InMemoryRegistry() as registry, FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Status(403, {}, body), path="/manifests/"))

        with pytest.raises(RefusedError) as caught:
            talk_to(proxy.address).get_manifest("v1")

        assert len(str(caught.value.why)) <= 300
        assert "\x1b" not in str(caught.value.why)
        assert len(caught.value.said) <= 64 << 10


def test_how_long_a_limit_lasts_is_told() -> None:
    limits = {"Retry-After": "86400", "RateLimit-Limit": "100;w=21600"}
    slept: list[float] = []
    with InMemoryRegistry() as registry, FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Status(429, limits), path="/manifests/"))

        with pytest.raises(RefusedError) as caught:
            talk_to(proxy.address, slept=slept).get_manifest("v1")

    assert slept == [60, 60]
    assert "retry-after: 86400, ratelimit-limit: 100;w=21600" in str(caught.value.why)


def test_what_is_not_there_is_an_error_of_the_input_and_of_a_registry() -> None:
    with InMemoryRegistry() as registry:
        client = talk_to(registry.address)

        with pytest.raises(MissingError, match="there is no v1 in") as caught:
            client.get_manifest("v1")
        with pytest.raises(ImageError, match="there is no blob sha256:"):
            client.get_blob(describe(b"x"))

    assert (caught.value.exit_code, caught.value.status) == (3, 404)


def test_a_server_that_hangs_is_not_waited_for() -> None:
    slept: list[float] = []
    http = HttpClient(HttpSettings(timeout_s=0.05))
    with InMemoryRegistry() as registry, FaultProxy(registry.address) as proxy:
        proxy.use(Rule(Delay(60), path="/manifests/"))

        with pytest.raises(NetworkError, match="did not answer as long as we waited") as caught:
            talk_to(proxy.address, slept=slept, http=http).get_manifest("v1")

        assert "LAMINA_HTTP_TIMEOUT" in str(caught.value.hint)
        assert len(proxy.requests(path_contains="/manifests/")) == 5


class Drips:
    """Answers everything with a body of which a byte comes every second, for ever."""

    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.now = 0.0
        self.is_closed = False

    def send(self, *_: object) -> Answer:
        return self

    def read(self, limit: int) -> bytes:
        raise AssertionError(f"who waits for {limit} bytes waits for ever")

    def read_some(self, limit: int) -> bytes:
        assert limit
        self.now += 1
        return b" "

    def close(self) -> None:
        self.is_closed = True


def test_a_document_that_never_ends_is_given_up() -> None:
    """A byte now and then is no silence, so only the time as a whole ends it."""
    http = Drips()

    with pytest.raises(NetworkError, match="took longer than 120 s"):
        talk_to("127.0.0.1:1", http=http, clock=lambda: http.now).get_manifest("v1")

    assert 120 < http.now < 130
    assert http.is_closed


@contextmanager
def offering(*challenges: str) -> Iterator[str]:
    """Serve a registry that writes each of its challenges in a line of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            said = self.headers.get("Authorization", "")
            self.send_response(404 if said == "Bearer t" else 401)
            for challenge in challenges:
                self.send_header("WWW-Authenticate", challenge)
            self.end_headers()

        def do_GET(self) -> None:
            is_alice = self.headers.get("Authorization", "").startswith("Basic ")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"token": "t"}' if is_alice else b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"127.0.0.1:{server.server_port}"
        challenges = tuple(text.format(address) for text in challenges)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield address
        server.shutdown()


TOKENS = 'Bearer realm="http://{}/token",service="r"'


@pytest.mark.parametrize(
    "challenges",
    [(TOKENS, "Basic"), ("Basic", TOKENS), (TOKENS, "Negotiate"), ("Negotiate", TOKENS)],
)
def test_each_scheme_may_be_offered_in_a_line_of_its_own(challenges: tuple[str, ...]) -> None:
    with offering(*challenges) as address:
        assert talk_to(address, environment=LOGIN).find_manifest("v1") is None


def test_a_ping_says_whether_we_get_in() -> None:
    with InMemoryRegistry(auth=Basic(user="alice", password=CANARY)) as registry:
        talk_to(registry.address, environment=LOGIN).ping()

        with pytest.raises(RefusedError):
            talk_to(registry.address).ping()


def test_a_blob_that_is_called_another_is_refused_before_it_is_read() -> None:
    other = str(Digest.of(b"other"))
    with InMemoryRegistry() as registry, FaultProxy(registry.address) as proxy:
        registry.repositories[NAME].blobs[Digest.of(b"x")] = b"x"
        proxy.use(Rule(SetHeaders({"Docker-Content-Digest": other}), path="/blobs/"))

        with pytest.raises(InputError, match="the registry sends sha256:"):
            read(RemoteContent(talk_to(proxy.address)).open(describe(b"x")))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    return folder


@pytest.fixture
def with_tls(certificates: Path) -> Iterator[InMemoryRegistry]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    with InMemoryRegistry(auth=ALICE, tls=context) as registry:
        yield registry


def test_the_loopback_may_have_certificates_too(
    with_tls: InMemoryRegistry, certificates: Path
) -> None:
    """It is asked in the open first, and says nothing there that a password could follow."""
    http = HttpClient(HttpSettings(timeout_s=5, certificates=certificates / "ca.crt"))
    client = talk_to(with_tls.address, environment=LOGIN, http=http)

    assert client.find_manifest("v1") is None
    assert client.place.origin == f"https://{with_tls.address}"


def test_a_registry_may_have_an_authority_of_its_own(
    with_tls: InMemoryRegistry, certificates: Path, tmp_path: Path
) -> None:
    folder = tmp_path / with_tls.address
    folder.mkdir()
    (folder / "ca.crt").write_bytes((certificates / "ca.crt").read_bytes())
    http = HttpClient(HttpSettings(timeout_s=5, authorities=(tmp_path,)))

    assert talk_to(with_tls.address, environment=LOGIN, http=http).find_manifest("v1") is None


def test_an_unknown_authority_is_never_answered_with_plain_http(with_tls: InMemoryRegistry) -> None:
    with pytest.raises(NetworkError) as caught:
        talk_to(with_tls.address, environment=LOGIN).find_manifest("v1")

    assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value.why)
    assert with_tls.requests() == ()


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "127.0.0.1:9").mkdir()
    (tmp_path / "127.0.0.1:9/ca.crt").write_text("no certificate")
    http = HttpClient(HttpSettings(authorities=(tmp_path,)))

    with pytest.raises(InputError, match="cannot read certificates") as caught:
        http.send("GET", "https://127.0.0.1:9/v2/", {}, None)

    assert str(caught.value.where).endswith("ca.crt")
