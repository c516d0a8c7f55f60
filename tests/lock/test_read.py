"""Which file pins a project, and what uv is asked where none does."""

from pathlib import Path

import pytest

from lamina.errors import LockError, NetworkError, ToolError
from lamina.lock.index_settings import (
    index_options,
    merges_indexes,
    pip_config_paths,
    uv_environment,
)
from lamina.lock.read import find_lock, read_lock
from lamina.lock.target import Target
from lamina.lock.uv import Uv
from lamina.oci.platform import Platform
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.testing.projects import pylock
from lamina.testing.wheels import ToyWheel

TARGET = Target(
    platform=Platform("linux", "amd64"), python="3.11", python_full="3.11.2", glibc=(2, 36)
)
HASH = "sha256:" + "a" * 64
NO_UV = Uv(program="/nothing/uv", environment={})


def project(folder: Path, name: str = "", text: str | bytes = "", **members: object) -> Project:
    path = folder / name
    if name:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Project(directory=folder, name="toy", requirements=path if name else None, **members)  # type: ignore[arg-type]


def fake_uv(folder: Path, script: str) -> Uv:
    """Make a uv that notes its arguments, a line each, and then runs ``script``."""
    program = folder / "uv"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/asked\n{script}\n')
    program.chmod(0o755)
    return Uv(program=str(program), environment={"PATH": "/usr/bin:/bin"})


def test_a_pylock_needs_no_index_and_no_uv(tmp_path: Path) -> None:
    locked = ToyWheel().locked(tmp_path / "wheels")
    source = find_lock(project(tmp_path, "pylock.toml", pylock([locked])))

    lock = read_lock(source, TARGET, NO_UV)

    assert (source.is_pinned, source.is_pylock) == (True, True)
    assert lock.wheels == (locked,)
    assert lock.is_pinned


def test_no_dependencies_need_no_lock(tmp_path: Path) -> None:
    source = find_lock(project(tmp_path))

    assert source.is_pinned
    assert read_lock(source, TARGET, NO_UV).wheels == ()


def test_requirements_are_pinned_when_every_line_is(tmp_path: Path) -> None:
    pinned = find_lock(project(tmp_path, "requirements.txt", f"a==1 --hash={HASH}\n"))
    open_ = find_lock(project(tmp_path, "requirements.txt", "a==1\nb\n"))

    assert (pinned.is_pinned, pinned.is_pylock) == (True, False)
    assert not open_.is_pinned


def test_hashes_on_some_lines_only_are_refused_with_the_open_lines(tmp_path: Path) -> None:
    text = f"a==1 --hash={HASH}\nb==2\nc>=3 --hash={HASH}\n"

    with pytest.raises(LockError) as caught:
        find_lock(project(tmp_path, "requirements.txt", text))

    assert caught.value.problems == (
        "requirements.txt, line 2: b==2 is not pinned by hash",
        "requirements.txt, line 3: c>=3 is not pinned by hash",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a = \xff", r"pylock\.toml, byte 4: the file is not UTF-8"),
        (b"a = ", r"pylock\.toml: not valid TOML"),
        (b"a = " + b"[" * 10_000, r"pylock\.toml: not valid TOML"),
        (b"a = " + b"1" * 5_000, r"pylock\.toml: not valid TOML"),
        (b"", r"pylock\.toml: not a valid lock"),
        (b"#" * (64 << 20) + b"#", r"pylock\.toml: the file is larger than"),
    ],
)
def test_a_malformed_pylock_is_refused(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(LockError, match=message):
        read_lock(find_lock(project(tmp_path, "pylock.toml", text)), TARGET, NO_UV)


def test_a_pylock_that_is_away_is_named(tmp_path: Path) -> None:
    toy = project(tmp_path, "pylock.toml")
    (tmp_path / "pylock.toml").unlink()

    with pytest.raises(LockError, match="cannot read: No such file"):
        find_lock(toy)


def test_uv_resolves_open_requirements_with_what_they_need(tmp_path: Path) -> None:
    locked = ToyWheel().locked(tmp_path / "wheels")
    (tmp_path / "answer").write_text(pylock([locked]))
    uv = fake_uv(tmp_path, f"cat {tmp_path}/answer")
    source = find_lock(project(tmp_path, "requirements.txt", "toy\n"))

    lock = read_lock(source, TARGET, uv)

    asked = (tmp_path / "asked").read_text().splitlines()
    assert lock.wheels == (locked,)
    assert not lock.is_pinned
    assert asked[:2] == ["pip", "compile"]
    assert asked[asked.index("--python-version") + 1] == "3.11.2"
    assert asked[asked.index("--python-platform") + 1] == "x86_64-manylinux_2_36"
    assert "--no-deps" not in asked
    assert asked[-1] == str(tmp_path / "requirements.txt")


def test_uv_only_looks_up_what_is_pinned(tmp_path: Path) -> None:
    (tmp_path / "answer").write_text(pylock([]))
    uv = fake_uv(tmp_path, f"cat {tmp_path}/answer")
    source = find_lock(project(tmp_path, "requirements.txt", f"toy==1.0 --hash={HASH}\n"))

    lock = read_lock(source, TARGET, uv)

    assert lock.is_pinned
    assert "--no-deps" in (tmp_path / "asked").read_text().splitlines()


def test_a_list_that_changes_while_uv_reads_it_is_not_believed(tmp_path: Path) -> None:
    """What uv read may be the old text or the new one."""
    source = find_lock(project(tmp_path, "requirements.in", "toy\n"))
    uv = fake_uv(tmp_path, f"echo other > {tmp_path}/requirements.in; echo 'packages = []'")

    with pytest.raises(LockError, match="changed while it was read"):
        read_lock(source, TARGET, uv)


def test_uv_is_given_the_dependencies_of_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname='a'\ndependencies=['toy>1', 'b']\n")
    (tmp_path / "answer").write_text(pylock([]))
    uv = fake_uv(
        tmp_path, f'for last; do :; done; cp "$last" {tmp_path}/given; cat {tmp_path}/answer'
    )

    read_lock(find_lock(read_project(tmp_path)), TARGET, uv)

    assert (tmp_path / "given").read_text() == "toy>1\nb\n"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("No solution found when resolving dependencies", LockError),
        ("error sending request for url", NetworkError),
        ("dns error: failed to lookup address", NetworkError),
    ],
)
def test_what_uv_says_is_passed_on(tmp_path: Path, said: str, error: type[Exception]) -> None:
    uv = fake_uv(tmp_path, f'echo "{said}" >&2; exit 2')
    source = find_lock(project(tmp_path, "requirements.txt", "toy\n"))

    with pytest.raises(error) as caught:
        read_lock(source, TARGET, uv)

    assert said in str(getattr(caught.value, "why", ""))


def test_a_missing_uv_is_named(tmp_path: Path) -> None:
    source = find_lock(project(tmp_path, "requirements.txt", "toy\n"))

    with pytest.raises(ToolError, match="/nothing/uv: cannot start uv"):
        read_lock(source, TARGET, NO_UV)


def test_a_lock_for_every_platform_holds_hashes_and_no_addresses(tmp_path: Path) -> None:
    uv = fake_uv(tmp_path, "echo toy==1.0")
    (tmp_path / "requirements.in").write_text("toy\n")

    text = uv.pin(tmp_path / "requirements.in", python="3.11")

    asked = (tmp_path / "asked").read_text().splitlines()
    assert text == "toy==1.0\n"
    assert {"--universal", "--generate-hashes", "--no-emit-index-url"} <= set(asked)


def test_pips_settings_are_said_in_uvs_words() -> None:
    configs = [
        "[global]\nindex-url = https://a.example/simple\ntrusted-host = a.example\n",
        "[global]\nindex-url = https://b.example/simple\n[install]\nfind-links = /x\n  /y\n",
        "not an ini file",
    ]

    settings = uv_environment({"PIP_CERT": "/ca.pem", "HOME": "/h"}, configs, is_pinned=False)

    assert settings == {
        "HOME": "/h",
        "PIP_CERT": "/ca.pem",
        "UV_DEFAULT_INDEX": "https://b.example/simple",
        "UV_FIND_LINKS": "/x,/y",
        "UV_INSECURE_HOST": "a.example",
        "SSL_CERT_FILE": "/ca.pem",
    }


def test_uvs_own_settings_win_over_pips() -> None:
    own = {"UV_INDEX_URL": "https://mine.example", "PIP_INDEX_URL": "https://pips.example"}

    assert "UV_DEFAULT_INDEX" not in uv_environment(own, [], is_pinned=False)


@pytest.mark.parametrize(("text", "value"), [("true", "1"), ("ON", "1"), ("0", ""), ("no", "")])
def test_pips_yes_and_no_are_understood(text: str, value: str) -> None:
    settings = uv_environment({"PIP_NO_INDEX": text}, [], is_pinned=False)

    assert settings["UV_NO_INDEX"] == value
    assert index_options(settings) == (("--no-index",) if value else ())


def test_several_indexes_are_merged_only_where_a_hash_or_pip_decides() -> None:
    """With uv's own order the first index that knows a name wins (dependency confusion)."""
    several = {"UV_INDEX": "https://a.example https://b.example"}

    kept = uv_environment(several, [], is_pinned=False)
    pinned = uv_environment(several, [], is_pinned=True)
    pips = uv_environment({"PIP_EXTRA_INDEX_URL": "https://a.example"}, [], is_pinned=False)

    assert "UV_INDEX_STRATEGY" not in kept
    assert not merges_indexes(kept)
    assert pinned["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert merges_indexes(pips)
    assert not merges_indexes(uv_environment({}, [], is_pinned=True))


@pytest.mark.parametrize(
    ("environment", "paths"),
    [
        ({}, ["/etc/xdg/pip/pip.conf", "/etc/pip.conf"]),
        ({"PIP_CONFIG_FILE": "/dev/null", "HOME": "/h"}, []),
        (
            {"HOME": "/h", "VIRTUAL_ENV": "/v", "PIP_CONFIG_FILE": "/c"},
            ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "/h/.pip/pip.conf",
             "/h/.config/pip/pip.conf", "/v/pip.conf", "/c"],
        ),
        ({"XDG_CONFIG_HOME": "/x"}, ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "/x/pip/pip.conf"]),
    ],
)  # fmt: skip
def test_pips_files_are_found_where_pip_finds_them(
    environment: dict[str, str], paths: list[str]
) -> None:
    assert list(pip_config_paths(environment)) == paths
