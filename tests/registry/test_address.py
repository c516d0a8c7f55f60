"""Where a registry may send us, and where it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import NetworkError
from lamina.oci.reference import Reference
from lamina.registry.address import check_realm, follow, is_from_inside, is_internal, origin_of
from lamina.registry.place import place_of

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
        "https://2130706433/u",
        "https://0x7f000001/u",
        "https://127.1:8443/u",
        "https://0251.0376.0251.0376/u",
        "https://localhost./u",
        "https://LOCALHOST/u",
        "https://10.0.0.1./u",
        "https://224.0.0.1/u",
    ],
)
def test_neither_the_open_nor_the_inside_of_a_network_is_gone_to(location: str) -> None:
    with pytest.raises(NetworkError):
        follow(ASKED, location, where="r")


@pytest.mark.parametrize("host", ["8.8.8.8", "134744072", "example.org", "10.example", "0x7g", "é"])
def test_a_public_number_and_a_name_are_not_inside(host: str) -> None:
    assert not is_internal(host)


def test_a_registry_inside_a_network_may_name_others_there() -> None:
    assert follow("http://10.0.0.1:5000/v2/", "http://10.0.0.2/u", where="r") == "http://10.0.0.2/u"


@pytest.mark.parametrize(
    "host", ["10.0.0.9", "192.168.1.1", "100.64.0.1", "[fd00::1]", "167772169"]
)
def test_a_registry_that_is_said_to_be_inside_may_name_others_there(host: str) -> None:
    target = f"https://{host}/u"

    assert follow(ASKED, target, where="r", is_inside=True) == target
    with pytest.raises(NetworkError) as caught:
        follow(ASKED, target, where="r")
    assert "LAMINA_INTERNAL_REGISTRIES" in str(caught.value.hint)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "0.0.0.0"])
def test_nobody_may_name_what_is_on_this_machine_or_beside_it(host: str) -> None:
    """The numbers beside it are where clouds hand out credentials."""
    with pytest.raises(NetworkError):
        follow(ASKED, f"https://{host}/u", where="r", is_inside=True)


def test_only_the_registry_itself_is_inside() -> None:
    """Somebody whom it sends us to is not."""
    place = place_of(Reference.parse("R.example/a"), inside={"r.example"})

    assert is_from_inside(place, "https://r.example/v2/")
    assert not is_from_inside(place, "https://elsewhere.example/v2/")
    assert not is_from_inside(place_of(Reference.parse("r.example/a")), "https://r.example/v2/")


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
