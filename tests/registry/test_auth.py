"""Nothing that says who we are is handed to a token server that is less safe than its registry."""

import pytest

from lamina.errors import NetworkError
from lamina.oci.reference import Reference
from lamina.registry.auth import Auth, Scope
from lamina.registry.credentials import Credentials
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


def test_a_thread_that_was_slower_uses_what_the_other_learnt() -> None:
    sent: list[TokenRequest] = []
    auth = auth_of("r.example", SECRETS[0], sent)
    challenge = 'Bearer realm="https://auth.example/t"'

    assert auth.answer(challenge, SCOPE, used={})
    assert auth.answer(challenge, SCOPE, used={})

    assert len(sent) == 1
