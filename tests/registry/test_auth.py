"""Nothing that says who we are is handed to a token server that is less safe than its registry."""

import pytest

from lamina.errors import NetworkError
from lamina.oci.reference import Reference
from lamina.registry.auth import Auth, Scope
from lamina.registry.credentials import ANONYMOUS, Credentials
from lamina.registry.place import place_of
from lamina.registry.tokens import TokenAnswer, TokenRequest
from tests.registry.talking import CANARY

SCOPE = Scope(repository="a")
SECRETS = [
    Credentials(source="here", user="alice", password=CANARY),
    Credentials(source="here", identity_token=CANARY),
]


def auth_of(registry: str, credentials: Credentials, sent: list[TokenRequest]) -> Auth:
    def send(request: TokenRequest) -> TokenAnswer:
        sent.append(request)
        return TokenAnswer(status=200, body=b'{"token": "t"}')

    return Auth(
        place=place_of(Reference.parse(f"{registry}/a")), credentials=credentials, send=send
    )


@pytest.mark.parametrize("credentials", SECRETS, ids=["password", "identity token"])
@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example/token",
        "http://127.0.0.1:80@evil.example/token",
        "https://169.254.169.254/token",
        "file:///token",
    ],
)
def test_a_challenge_cannot_make_us_send_a_secret_there(
    realm: str, credentials: Credentials
) -> None:
    sent: list[TokenRequest] = []
    auth = auth_of("r.example", credentials, sent)

    with pytest.raises(NetworkError):
        auth.answer(f'Bearer realm="{realm}"', SCOPE, used={})

    assert sent == []
    assert auth.header(SCOPE) == {}


def test_basic_and_bearer_may_be_offered_one_after_the_other() -> None:
    """Some registries ask for a password at first, and for a token after all."""
    sent: list[TokenRequest] = []
    auth = auth_of("r.example", SECRETS[0], sent)

    assert auth.answer("Basic", SCOPE, used={})
    used = auth.header(SCOPE)
    assert auth.answer('Bearer realm="https://auth.example/t"', SCOPE, used=used)

    assert used["Authorization"].startswith("Basic ")
    assert auth.header(SCOPE) == {"Authorization": "Bearer t"}
    assert len(sent) == 1


@pytest.mark.parametrize(
    "header",
    [
        'Bearer realm="https://auth.example/t", Basic',
        'Basic, Bearer realm="https://auth.example/t"',
        'Bearer realm="https://auth.example/t", Negotiate',
        'Negotiate, Basic, Bearer realm="https://auth.example/t"',
    ],
)
def test_a_token_is_taken_where_one_is_offered(header: str) -> None:
    """A password sent with each request is more than the registry needs to see."""
    sent: list[TokenRequest] = []
    auth = auth_of("r.example", SECRETS[0], sent)

    assert auth.answer(header, SCOPE, used={})

    assert auth.header(SCOPE) == {"Authorization": "Bearer t"}
    assert len(sent) == 1


OPEN = place_of(Reference.parse("r.example/a"), insecure=["r.example"])
REGISTRY_TOKEN = Credentials(source="here", registry_token=CANARY)


def in_the_open(credentials: Credentials, sent: list[TokenRequest], *, may_tell: bool) -> Auth:
    def send(request: TokenRequest) -> TokenAnswer:
        sent.append(request)
        return TokenAnswer(status=200, body=b'{"token": "t"}')

    return Auth(place=OPEN, credentials=credentials, send=send, may_tell_in_the_open=may_tell)


def ask(auth: Auth, challenge: str) -> dict[str, str]:
    """Be challenged once, and return what the next request would say."""
    auth.header(SCOPE)
    auth.answer(challenge, SCOPE, used={})
    return auth.header(SCOPE)


@pytest.mark.parametrize(
    ("challenge", "credentials"),
    [
        ("Basic", SECRETS[0]),
        ("Basic", REGISTRY_TOKEN),
        ('Bearer realm="http://r.example/token"', SECRETS[0]),
        ('Bearer realm="http://r.example/token"', SECRETS[1]),
    ],
)
def test_no_secret_goes_into_the_open_unless_that_is_said(
    challenge: str, credentials: Credentials
) -> None:
    """To talk without TLS is one decision, and to tell the password there is another."""
    sent: list[TokenRequest] = []

    with pytest.raises(NetworkError, match="not sent without TLS") as caught:
        ask(in_the_open(credentials, sent, may_tell=False), challenge)

    assert "LAMINA_CREDENTIALS_OVER_HTTP" in str(caught.value.hint)
    assert sent == []
    assert "Authorization" in ask(in_the_open(credentials, sent, may_tell=True), challenge)


def test_nobody_in_particular_may_ask_for_a_token_in_the_open() -> None:
    sent: list[TokenRequest] = []

    assert ask(in_the_open(ANONYMOUS, sent, may_tell=False), 'Bearer realm="http://r.example/t"')

    assert len(sent) == 1


def test_a_registry_on_this_machine_may_not_have_the_password_sent_elsewhere_in_the_open() -> None:
    sent: list[TokenRequest] = []
    auth = auth_of("127.0.0.1:5000", SECRETS[0], sent)

    with pytest.raises(NetworkError, match="not sent without TLS"):
        auth.answer('Bearer realm="http://auth.example/t"', SCOPE, used={})

    assert sent == []


def test_a_thread_that_was_slower_uses_what_the_other_learnt() -> None:
    sent: list[TokenRequest] = []
    auth = auth_of("r.example", SECRETS[0], sent)
    challenge = 'Bearer realm="https://auth.example/t"'

    assert auth.answer(challenge, SCOPE, used={})
    assert auth.answer(challenge, SCOPE, used={})

    assert len(sent) == 1
