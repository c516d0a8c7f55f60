"""Where a registry may send us, and where it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import NetworkError
from lamina.registry.address import check_realm, follow, is_internal, origin_of

ASKED = "https://r.example/v2/a/blobs/uploads/"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/v2/a/blobs/uploads/1?_state=a%3D%2F&x", "https://r.example/v2/a/blobs/uploads/1?_state=a%3D%2F&x"),
        ("1?s=%2f", "https://r.example/v2/a/blobs/uploads/1?s=%2f"),
        ("https://r.example/u#part", "https://r.example/u"),
        ("https://store.example/u?sig=1", "https://store.example/u?sig=1"),
        ("//store.example/u", "https://store.example/u"),
    ],
)  # fmt: skip
def test_an_address_is_resolved_and_its_query_kept_byte_by_byte(location: str, target: str) -> None:
    assert follow(ASKED, location, where="r") == target


@pytest.mark.parametrize(
    "location",
    [
        "http://r.example/u",
        "file:///etc/passwd",
        "ftp://r.example/u",
        "https://[::1",
        "https://r.example:port/u",
        "https://127.0.0.1/u",
        "https://localhost:2375/u",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/u",
        "https://[::1]:80/u",
        "https://[fe80::1]/u",
    ],
)
def test_neither_the_open_nor_the_inside_of_a_network_is_gone_to(location: str) -> None:
    with pytest.raises(NetworkError):
        follow(ASKED, location, where="r")


def test_a_registry_inside_a_network_may_name_others_there() -> None:
    assert follow("http://10.0.0.1:5000/v2/", "http://10.0.0.2/u", where="r") == "http://10.0.0.2/u"


@pytest.mark.parametrize(
    ("realm", "registry"),
    [
        ("https://auth.example/token", "https://r.example"),
        ("https://r.example/token?x=1", "https://r.example"),
        ("http://127.0.0.1:5054/token", "http://127.0.0.1:5000"),
        ("http://auth.example/token", "http://r.example"),
    ],
)
def test_a_token_server_is_reached_as_safely_as_its_registry(realm: str, registry: str) -> None:
    check_realm(realm, registry, where="r")


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example/token",
        "http://127.0.0.1:80@evil.example/token",
        "http://localhost/token",
        "https://127.0.0.1/token",
        "https://192.168.1.1/token",
        "ftp://auth.example/token",
        "/token",
        "",
        "https://[::1",
    ],
)
def test_no_password_goes_to_a_token_server_that_is_less_safe(realm: str) -> None:
    with pytest.raises(NetworkError):
        check_realm(realm, "https://r.example", where="r")


@given(st.text(max_size=60) | st.text(alphabet="htps:/@[].?#:1", max_size=30))
def test_any_location_is_followed_or_refused(location: str) -> None:
    try:
        target = follow(ASKED, location, where="r")
    except NetworkError:
        return
    scheme, host, _ = origin_of(target)
    assert scheme == "https"
    assert host
    assert not is_internal(host)
