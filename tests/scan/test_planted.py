"""All of more than forty planted problems are found, and in a clean image none."""

from collections.abc import Iterator

import pytest

from lamina.oci.config import RuntimeConfig
from lamina.scan.advisory import IndexAdvisories
from lamina.scan.finding import Outcome, at_least
from tests.scan.advisory_server import AdvisoryServer
from tests.scan.bench import asker, clean_image, ids, means, scan
from tests.scan.planted import (
    RELEASES,
    all_ids,
    installed,
    planted_config,
    planted_layers,
)
from tests.support.synthetic import file, folder, image_of


@pytest.fixture(scope="module")
def outcomes() -> Iterator[tuple[Outcome, ...]]:
    with AdvisoryServer(RELEASES) as server:
        image, content = image_of(planted_layers())
        chosen = means(IndexAdvisories(asker(), server.simple_url))
        yield scan(image, content, chosen, config=planted_config())


def test_there_are_more_than_forty_of_them() -> None:
    assert len(set(all_ids())) == len(all_ids()) >= 50


@pytest.mark.parametrize("planted", all_ids())
def test_what_is_planted_is_found(outcomes: tuple[Outcome, ...], planted: str) -> None:
    assert planted in ids(outcomes)


def test_nothing_is_found_that_was_not_planted(outcomes: tuple[Outcome, ...]) -> None:
    """The key that is open to everybody is a key as well."""
    implied = {"secret/private-key:/srv/open.key"}

    assert set(ids(outcomes)) - set(all_ids()) == implied


def test_a_clean_image_is_clean() -> None:
    """Words, names, placeholders and numbers that only look like secrets are none."""
    rows = [
        installed("six", "1.17.0", "License: MIT"),
        folder("tmp", mode=0o1777),
        file("etc/os-release", b"NAME=nothing\n"),
        file("app/settings.py", b"""
TOKEN_URL = "https://login.example.org/oauth/token"
password = os.environ["DB_PASSWORD"]
SECRET_KEY = "change-me-please-1234567890"
API_KEY = "${API_KEY}"
secret_name = "projects/demo/secrets/db"
max_tokens = 4096
def get_token(token: str = "none") -> str: ...
tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased-2019-11")
"""),
        file("app/.env.example", b"DB_PASSWORD=<your password>\nTOKEN=xxxxxxxxxxxxxxxx\n"),
        file("app/config.yaml", b"password_file: /run/secrets/db\nurl: https://a.example/b\n"),
        file("app/notes.md", b"-----BEGIN PRIVATE %s-----\nthe rest is yours to keep\n" % b"KEY"),
        file("app/docs.py", b"'postgresql://scott:tiger@localhost/test'\n"),
        file("app/__init__.py", b"%sIOSFODNN7EXAMPLE = 1\n" % b"AKIA"),
    ]  # fmt: skip
    image, content = clean_image(*rows)

    with AdvisoryServer(RELEASES) as server:
        found = scan(image, content, means(IndexAdvisories(asker(), server.simple_url)))

    assert [(one.scanner, one.state, one.reason) for one in found if one.scanner != "debian"] == [
        (name, "clean", "")
        for name in ("vulnerabilities", "secrets", "permissions", "licenses", "base")
    ]
    assert ids(found) == []


def test_what_distributions_ship_with_setuid_is_shown_and_fails_nothing_by_default() -> None:
    image, content = image_of(
        [[file("usr/bin/passwd", b"", mode=0o4755)]], runtime=RuntimeConfig(user="1000")
    )

    (outcome,) = scan(image, content, means(), only=["permissions"])

    assert ids(outcome) == ["permission/setuid:/usr/bin/passwd"]
    assert at_least(outcome.findings, "medium") == ()
