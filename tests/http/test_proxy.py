"""A proxy is what the environment says, and what it says wrongly is told without its password."""

import pytest

from lamina.errors import InputError
from lamina.http.client import HttpClient
from lamina.http.proxy import Proxy, basic, is_direct, parse_proxy
from lamina.http.settings import HttpSettings

CANARY = "canary-secret"


@pytest.mark.parametrize(
    ("rule", "url", "is_without"),
    [
        ("10.0.0.0/8", "https://10.1.2.3:5000/v2/", True),
        ("10.0.0.0/8", "https://11.1.2.3/v2/", False),
        ("10.0.0.0/8", "https://ten.example/v2/", False),
        ("10.1.2.3/8", "https://10.9.9.9/v2/", True),
        ("fd00::/8", "https://[fd00::1]/v2/", True),
        ("fd00::/8", "https://10.1.2.3/v2/", False),
        ("10.1.2.3", "https://10.1.2.3/v2/", True),
        ("10.0.0.0/99", "https://10.1.2.3/v2/", False),
    ],
)
def test_a_network_without_a_proxy_is_written_as_one(rule: str, url: str, is_without: bool) -> None:  # noqa: FBT001
    settings = HttpSettings(proxies=(("https", "http://proxy:3128"),), no_proxy=(rule,))

    assert (settings.proxy_for(url) == "") == is_without


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "localhost."])
def test_this_machine_is_reached_without_a_proxy(host: str) -> None:
    assert is_direct(host, ())


@pytest.mark.parametrize("host", ["127.evil.example", "localhost.evil.example", "", "127.1"])
def test_what_only_looks_like_this_machine_is_reached_as_all_others(host: str) -> None:
    assert not is_direct(host, ())


@pytest.mark.parametrize(
    "text",
    [
        f"http://user:{CANARY}[@proxy.invalid:3128",
        f"http://user:{CANARY}/x@proxy.invalid:3128",
        f"http://user:{CANARY}#x@proxy.invalid:3128",
        f"http://user:{CANARY}@proxy.invalid:port",
        f"http://user:{CANARY}@",
        f"socks5://user:{CANARY}@proxy.invalid:1080",
        f"user:{CANARY}@[::1",
    ],
)
def test_a_proxy_without_an_address_is_told_and_not_shown(text: str) -> None:
    client = HttpClient(HttpSettings(proxies=(("https", text),)))

    with pytest.raises(InputError, match="the proxy for https") as caught:
        client.send("GET", "https://registry.invalid/v2/", {}, None)

    error = caught.value
    assert error.where == "HTTPS_PROXY"
    assert CANARY not in f"{error!r} {error} {error.hint} {error.why} {error.__context__}"


def test_the_login_of_a_proxy_is_no_part_of_its_address() -> None:
    proxy = parse_proxy(f"http://me:{CANARY}%5B@proxy.example:3128", scheme="http")

    assert proxy == Proxy(address="http://proxy.example:3128", login=("me", f"{CANARY}["))
    assert CANARY not in repr(proxy)


def test_a_password_that_is_no_utf_8_is_sent_as_its_bytes() -> None:
    assert basic(("me", "\udcff")) == "Basic bWU6/w=="
