"""An address is shown by where it leads, whatever else is in it."""

import pytest

from lamina.doctor.check import Check, failed, origin_text
from lamina.errors import NetworkError, StoreError

SECRET = "canary-s3cret"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        ("HTTP://Example.org:8080/simple/", "http://example.org:8080/..."),
        ("https://[2001:db8::1]:8080/", "https://[2001:db8::1]:8080"),
        ("tcp://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
    ],
)
def test_an_address_is_its_scheme_host_and_port(url: str, shown: str) -> None:
    assert origin_text(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        f"https://me:{SECRET}@example.org/simple/",
        f"https://{SECRET}@example.org/simple/",
        f"https://example.org/{SECRET}/simple/",
        f"https://example.org/?token={SECRET}",
        f"https://example.org/#{SECRET}",
        f"https://me:{SECRET}@[::1/simple/",
        f"https://me:{SECRET}@example.org:port/",
        f"me:{SECRET}@example.org:3128",
        f"name=https://me:{SECRET}@example.org/",
        f"//me:{SECRET}@example.org",
        SECRET,
    ],
)
def test_no_part_of_an_address_that_can_hold_a_secret_is_shown(url: str) -> None:
    assert SECRET not in origin_text(url)


def test_an_error_becomes_a_check_with_all_that_it_says() -> None:
    error = NetworkError("cannot connect", where="https://a", hint="look", why="no route")

    assert failed("a registry", error) == Check(
        name="a registry", state="broken", what="cannot connect\nhttps://a\nno route", hint="look"
    )
    assert failed("store", StoreError("full")).what == "full"
