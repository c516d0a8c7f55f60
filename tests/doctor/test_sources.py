"""Where packages come from is shown as the parts that use it would see it, without secrets."""

from pathlib import Path

import pytest

from lamina.doctor.sources import (
    check_archives,
    check_certificates,
    check_indexes,
    check_proxies,
)
from lamina.http.settings import HttpSettings

SECRET = "canary-s3cret"


def test_indexes_are_named_by_where_they_are() -> None:
    check = check_indexes(
        {
            "UV_DEFAULT_INDEX": f"https://me:{SECRET}@one.example.org/{SECRET}/simple/",
            "UV_FIND_LINKS": "/srv/wheels,https://files.example.org/wheels",
        },
        {},
        (),
    )

    assert (check.state, check.hint) == ("ok", "")
    assert check.what.splitlines() == [
        "UV_DEFAULT_INDEX: https://one.example.org/...",
        "UV_FIND_LINKS: /srv/wheels, https://files.example.org/...",
    ]


def test_a_named_index_is_shown_with_its_name_and_whether_we_can_log_in() -> None:
    check = check_indexes(
        {"UV_INDEX": f"team=https://{SECRET}@two.example.org/simple"},
        {},
        {"https://two.example.org:443"},
    )

    assert check.what == "UV_INDEX: team at https://two.example.org/... (with credentials)"


def test_files_that_uv_reads_are_named_and_not_shown() -> None:
    configs = {
        "/home/me/uv.toml": f'index-url = "https://me:{SECRET}@example.org"',
        "/app/pyproject.toml": "[tool.uv]\n",
        "/pyproject.toml": "[project]\n",
    }

    check = check_indexes({}, configs, ())

    assert check.what.splitlines() == [
        "/home/me/uv.toml: uv reads it, too",
        "/app/pyproject.toml: uv reads it, too",
    ]
    assert check_indexes({}, {}, ()).what == "none is named: uv's own default"


def test_several_indexes_that_may_each_supply_any_name_are_a_warning() -> None:
    check = check_indexes(
        {
            "UV_INDEX": "https://a.example.org https://b.example.org",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
        },
        {},
        (),
    )

    assert check.state == "warning"
    assert "tool.uv.sources" in check.hint


def apt(root: Path, text: str) -> Path:
    (root / "etc/apt").mkdir(parents=True)
    (root / "etc/apt/sources.list").write_text(text)
    return root


def test_the_archive_is_shown_by_suites_without_passwords(tmp_path: Path) -> None:
    keyring = tmp_path / "keys.gpg"
    keyring.write_bytes(b"")
    line = f"deb [signed-by=/keys.gpg] https://me:{SECRET}@deb.example.org/debian"
    root = apt(tmp_path, f"{line} stable main\n{line} stable-updates main\n")

    check = check_archives(root)

    assert check.state == "ok"
    assert check.what.splitlines()[0] == ("stable, stable-updates at https://deb.example.org/...")
    assert SECRET not in check.what


def test_a_source_without_a_key_is_a_warning(tmp_path: Path) -> None:
    root = apt(tmp_path, "deb [signed-by=/gone.gpg] http://deb.example.org/debian stable main\n")

    check = check_archives(root)

    assert check.state == "warning"
    assert "sources.list:1" in check.what


def test_a_machine_without_apt_only_lacks_debian_bases(tmp_path: Path) -> None:
    check = check_archives(tmp_path)

    assert check.state == "absent"
    assert "only needed for debian: and ubuntu: bases" in check.what


def test_a_configuration_that_apt_would_refuse_is_a_warning(tmp_path: Path) -> None:
    check = check_archives(apt(tmp_path, "deb\n"))

    assert check.state == "warning"
    assert "sources.list:1" in check.what


def test_proxies_are_shown_without_passwords() -> None:
    settings = HttpSettings(
        proxies=(
            ("http", f"http://me:{SECRET}@proxy.example.org:3128"),
            ("https", f"me:{SECRET}@proxy.example.org:3128"),
        ),
        no_proxy=("localhost", ".example.net"),
    )

    check = check_proxies(settings)

    assert (check.state, check.hint) == ("ok", "")
    assert check.what.splitlines() == [
        "http: http://proxy.example.org:3128",
        "https: http://proxy.example.org:3128",
        "not for localhost, .example.net",
    ]


@pytest.mark.parametrize("url", ["http://[::1", f"socks5://me:{SECRET}@proxy", "http://"])
def test_a_proxy_that_cannot_be_read_is_a_warning(url: str) -> None:
    check = check_proxies(HttpSettings(proxies=(("https", url),)))

    assert check.state == "warning"
    assert SECRET not in check.what
    assert "http://HOST:PORT" in check.hint


def test_certificates_that_are_not_there_are_a_warning(tmp_path: Path) -> None:
    check = check_certificates(HttpSettings(certificates=tmp_path / "none.pem"))

    assert check.state == "warning"
    assert "SSL_CERT_FILE" in check.hint


def test_registries_with_authorities_of_their_own_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "registry.example.com:5000"
    folder.mkdir()
    (folder / "ca.crt").write_text("")

    check = check_certificates(HttpSettings(authorities=(tmp_path, tmp_path / "none")))

    assert (check.state, check.what.splitlines()) == (
        "ok",
        ["the system's", f"{folder}: for this registry alone"],
    )
