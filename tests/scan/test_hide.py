"""What is kept of a text that may hold secrets."""

import pytest

from lamina.scan.secrets.hide import hide_secrets, is_hiding_name

_BODY = "\n".join(["MIIEpAIBAAKCAQEAwJ9vK3dTq0Zr7XnYbC5eGhL8oPfUs2WtVxQy6mNjRk4aDiBu"] * 3)
_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{_BODY}\nAb1=\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        "RUN pip install --index-url https://example.org/simple numpy==1.26",
        "RUN --mount=type=secret,id=token pip install x",
        "ENV TOKEN=$API_TOKEN PASSWORD=${PASSWORD}",
        "COPY --from=builder /opt/venv /opt/venv",
        "ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        "-----BEGIN RSA PRIVATE KEY----- is how a key begins",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert hide_secrets(text) == text


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("ENV DB_PASSWORD=hunter2 MODE=fast", "ENV DB_PASSWORD=hidden-", " MODE=fast"),
        ("login --password 'hunter2' x", "login --password 'hidden-", "' x"),
        ("https://me:Xy7Kq2Vb9@corp.test/a", "https://me:hidden-", "@corp.test/a"),
        ("Authorization: Bearer Xy7Kq2Vb9Lm4Zt8Rb", "Authorization: Bearer hidden-", ""),
        ("key AKIAQ7RV2XZ3LM4KS5TN ends", "key hidden-", " ends"),
    ],
)
def test_a_secret_is_hidden_and_nothing_around_it(text: str, start: str, end: str) -> None:
    found = hide_secrets(text)

    assert found.startswith(start)
    assert found.endswith(end)
    assert len(found) == len(start) + 8 + len(end)


def test_equal_secrets_are_hidden_alike_and_others_are_not() -> None:
    one, same, other = (
        hide_secrets(f"TOKEN={text}").split("-")[1] for text in ("ab12cd", "ab12cd", "ab12ce")
    )

    assert one == same != other


def test_a_key_is_hidden_line_by_line() -> None:
    found = hide_secrets(f"before\n{_KEY}\nafter").split("\n")

    assert [found[0], found[1], found[-2], found[-1]] == [
        "before", "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "after",
    ]  # fmt: skip
    assert len(found) == 8
    assert len(set(found[2:6])) == 1
    assert found[2].startswith("hidden-")


def test_a_text_that_is_not_utf_8_is_read_all_the_same() -> None:
    text = b"PASSWORD=hunter2 \xff".decode(errors="surrogateescape")

    assert hide_secrets(text).endswith(" \udcff")


@pytest.mark.parametrize("name", ["SSH_KEY", "GH_PAT", "DEPLOY_KEY", "PASSPHRASE", "PGPASS", "dsn"])
def test_more_names_are_hidden_than_complained_of(name: str) -> None:
    assert is_hiding_name(name)


@pytest.mark.parametrize("name", ["PATH", "AUTHOR", "VERSION", "PATCH", "PINNED", "COMMIT"])
def test_other_names_are_not_hidden(name: str) -> None:
    assert not is_hiding_name(name)
