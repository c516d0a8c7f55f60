"""Credentials are found where uv finds them, and belong to one origin each."""

import pytest

from lamina.lock.index_credentials import (
    index_credentials,
    origin,
    uv_config_paths,
    without_login,
)
from lamina.lock.lock import Lock, LockedWheel
from lamina.lock.serialize import has_logins, lock_to_json
from lamina.oci.digest import Digest

HOST = "https://wheels.example.com"
ORIGIN = "https://wheels.example.com:443"


def test_scheme_host_and_port_make_an_origin() -> None:
    assert origin("https://me:x@Wheels.example.com/simple/") == ORIGIN
    assert origin("http://wheels.example.com/simple/") == "http://wheels.example.com:80"
    assert origin("http://[::1]:8080/simple/") == "http://[::1]:8080"


@pytest.mark.parametrize("url", ["", "file:///srv/a.whl", "https://[::1/", "https://a:b/", "a"])
def test_what_is_no_http_address_has_no_origin(url: str) -> None:
    assert origin(url) == ""


def test_an_address_with_escapes_is_understood() -> None:
    environment = {"UV_DEFAULT_INDEX": "https://me%40here:p%3Aw@wheels.example.com/simple/"}

    assert index_credentials(environment, [], {}) == ((ORIGIN, ("me@here", "p:w")),)


def test_a_token_as_user_name_has_an_empty_password() -> None:
    environment = {"UV_INDEX": "https://t0ken@wheels.example.com/simple/"}

    assert index_credentials(environment, [], {}) == ((ORIGIN, ("t0ken", "")),)


def test_the_variables_of_a_named_index_win_over_its_address() -> None:
    environment = {
        "UV_INDEX": "my.toys=https://old:old@wheels.example.com/simple/",
        "UV_INDEX_MY_TOYS_USERNAME": "me",
        "UV_INDEX_MY_TOYS_PASSWORD": "new",
    }

    assert index_credentials(environment, [], {}) == ((ORIGIN, ("me", "new")),)


def test_indexes_of_uvs_files_are_read_and_bad_files_are_not_ours_to_refuse() -> None:
    configs = [
        "this is no TOML",
        f'[tool.uv]\nindex = [{{name = "a", url = "{HOST.replace("://", "://me:1@")}/a/"}}]\n',
        'index-url = "https://you:2@other.example.com/simple/"\nindex = 3\n',
        '[pip]\nextra-index-url = ["http://we:3@10.0.0.1:81/simple/"]\n',
    ]

    assert dict(index_credentials({}, configs, {})) == {
        ORIGIN: ("me", "1"),
        "https://other.example.com:443": ("you", "2"),
        "http://10.0.0.1:81": ("we", "3"),
    }


def test_a_pyproject_without_a_table_of_uv_names_no_index() -> None:
    assert index_credentials({}, ['[tool.other]\nindex-url = "https://a:b@c/"\n'], {}) == ()


def test_netrc_counts_for_https_and_for_the_indexes_that_were_named() -> None:
    netrc = {"wheels.example.com": ("me", "pw"), "files.example.com": ("me", "f")}
    environment = {"UV_DEFAULT_INDEX": "http://wheels.example.com:8080/simple/"}

    assert dict(index_credentials(environment, [], netrc)) == {
        "http://wheels.example.com:8080": ("me", "pw"),
        "https://wheels.example.com:443": ("me", "pw"),
        "https://files.example.com:443": ("me", "f"),
    }


def test_netrc_gives_the_password_of_the_user_that_an_address_names_and_of_no_other() -> None:
    netrc = {"wheels.example.com": ("me", "pw")}
    mine, other = ({"UV_INDEX": f"https://{u}@wheels.example.com/"} for u in ("me", "you"))

    assert dict(index_credentials(mine, [], netrc))[ORIGIN] == ("me", "pw")
    assert dict(index_credentials(other, [], netrc))[ORIGIN] == ("you", "")


def test_the_nearest_of_uvs_files_comes_first() -> None:
    paths = uv_config_paths({"HOME": "/home/me"}, "/srv/shop")

    assert paths[:2] == ("/srv/shop/uv.toml", "/srv/shop/pyproject.toml")
    assert paths[2] == "/srv/uv.toml"
    assert paths[-3] == "/home/me/.config/uv/uv.toml"
    assert uv_config_paths({"UV_CONFIG_FILE": "/x.toml"}, "/srv") == ("/x.toml",)
    assert uv_config_paths({"UV_NO_CONFIG": "1"}, "/srv") == ()


def test_a_lock_as_json_holds_no_login() -> None:
    url = "https://me:secret@wheels.example.com/toy-1.0-py3-none-any.whl"
    wheel = LockedWheel(
        name="toy", version="1.0", filename=url.rpartition("/")[2], digest=Digest("0" * 64),
        size=1, url=url,
    )  # fmt: skip
    lock = Lock(wheels=(wheel,))

    assert has_logins(lock)
    assert lock_to_json(lock)["wheels"][0]["url"] == without_login(url)
    assert "secret" not in str(lock_to_json(lock))
