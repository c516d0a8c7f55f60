"""The token flow as requests and answers, without a network."""

import base64
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from lamina.errors import NetworkError
from lamina.registry.credentials import ANONYMOUS, Credentials
from lamina.registry.tokens import Token, TokenAnswer, TokenRequest, ask_for_token
from tests.registry.talking import CANARY

REALM = "https://auth.example/token?x=1"
SCOPES = ("repository:a:pull,push", "repository:b:pull")
ALICE = Credentials(source="here", user="alice", password=CANARY)
IDENTITY = Credentials(source="here", identity_token=CANARY)
GRANTED = TokenAnswer(status=200, body=b'{"token": "t", "expires_in": 300}')


def run(
    credentials: Credentials, *answers: TokenAnswer, service: str = "r"
) -> tuple[list[TokenRequest], Token]:
    flow = ask_for_token(
        realm=REALM, service=service, scopes=SCOPES, credentials=credentials, where="r"
    )
    requests = [next(flow)]
    try:
        for answer in answers:
            requests.append(flow.send(answer))  # noqa: PERF401 - the last answer ends the flow
    except StopIteration as done:
        return requests, done.value
    raise AssertionError("the flow asks for more")


def test_nobody_asks_without_a_name() -> None:
    (request,), token = run(ANONYMOUS, GRANTED)

    assert request.method == "GET"
    assert dict(request.headers) == {}
    assert token == Token(value="t", lifetime_s=300)


def test_every_scope_is_a_parameter_of_its_own() -> None:
    (request,), _ = run(ALICE, GRANTED)

    assert request.url.startswith(f"{REALM}&")
    assert parse_qsl(urlsplit(request.url).query) == [
        ("x", "1"),
        ("service", "r"),
        ("scope", SCOPES[0]),
        ("scope", SCOPES[1]),
        ("account", "alice"),
    ]
    secret = base64.b64decode(request.headers["Authorization"].removeprefix("Basic "))
    assert secret == f"alice:{CANARY}".encode()


def test_an_identity_token_is_exchanged_by_post() -> None:
    (request,), _ = run(IDENTITY, TokenAnswer(status=200, body=b'{"access_token": "t"}'))

    assert (request.method, request.url) == ("POST", REALM)
    assert parse_qs((request.body or b"").decode()) == {
        "grant_type": ["refresh_token"],
        "service": ["r"],
        "client_id": ["lamina"],
        "scope": [" ".join(SCOPES)],
        "refresh_token": [CANARY],
    }


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_oauth2_is_asked_the_old_way(status: int) -> None:
    requests, token = run(IDENTITY, TokenAnswer(status=status, body=b""), GRANTED)

    assert [request.method for request in requests] == ["POST", "GET"]
    assert token.value == "t"


def test_a_token_without_a_lifetime_is_good_for_a_minute() -> None:
    _, token = run(ANONYMOUS, TokenAnswer(status=200, body=b'{"token": "t"}'))

    assert token.lifetime_s == 60


@pytest.mark.parametrize("said", ["1" + "0" * 400, "true", '"300"', "null", "[]"])
def test_a_lifetime_that_is_none_is_a_minute(said: str) -> None:
    body = f'{{"token": "t", "expires_in": {said}}}'.encode()

    _, token = run(ANONYMOUS, TokenAnswer(status=200, body=body))

    assert token.lifetime_s == 60


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"token": "t", "expires_in": ' + b"9" * 5000 + b"}",
        b"{}",
        b"[]",
        b"<html>",
        b'{"token": ""}',
        b'{"token": 1}',
        b'{"token": "a\\nb"}',
        b'{"token": "\xc3\xa9"}',
        b"[" * 100_000,
        b"\xff" * (64 << 10),
    ],
)
def test_an_answer_without_a_token_is_an_error(body: bytes) -> None:
    with pytest.raises(NetworkError, match="holds no token"):
        run(ANONYMOUS, TokenAnswer(status=200, body=body))


def test_a_refusal_names_the_source_of_the_password_and_not_the_password() -> None:
    body = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": "no\x1b[31m"}]}).encode()

    with pytest.raises(NetworkError) as caught:
        run(ALICE, TokenAnswer(status=401, body=body))

    error = caught.value
    assert "came from here" in str(error.hint)
    assert str(error.why).startswith("UNAUTHORIZED: no\N{REPLACEMENT CHARACTER}[31m")
    assert CANARY not in f"{error!r} {error.what} {error.where} {error.why} {error.hint}"


def test_nothing_that_is_shown_of_the_flow_holds_a_secret() -> None:
    (request,), token = run(IDENTITY, TokenAnswer(status=200, body=b'{"token": "canary-token"}'))

    assert CANARY not in repr(request)
    assert "canary-token" not in repr(token)
