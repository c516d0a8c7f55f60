"""An index with a password serves a build, wherever pip or uv were told the password."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from lamina.testing.wheels import ToyWheel
from tests.support.index import Index, serve
from tests.support.toys import Outcome, lamina

CANARY = "c4n4ry-s3cr3t"
LOGIN = f"me:{CANARY}"
TOY = ToyWheel(version="1.0")
_LEFT = {"PATH", "LANG", "TMPDIR"}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    TOY.write(tmp_path / "served")
    with serve(Index(folder=tmp_path / "served", login=LOGIN)) as served:
        yield served


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    digest = TOY.locked(tmp_path / "served").digest.hex
    (folder / "requirements.txt").write_text(f"toy==1.0 --hash=sha256:{digest}\n")
    (folder / "pyproject.toml").write_text('[tool.lamina]\nbase = "scratch:3.11"\n')
    return folder


def run(folder: Path, project: Path, *words: str | Path, **variables: str) -> Outcome:
    """Run the command line in an environment that tells of no other index."""
    environment = {name: os.environ[name] for name in _LEFT if name in os.environ}
    environment |= {
        "HOME": str(folder / "home"),
        "UV_CACHE_DIR": str(folder / "uv-cache"),
        "PIP_CONFIG_FILE": os.devnull,
        **variables,
    }
    with mock.patch.dict(os.environ, environment, clear=True):
        return lamina(*(words or ("build", project, "-t", "toys")), store=folder / "store")


def holding(folder: Path, text: bytes) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if text in path.read_bytes()]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Index]:
    """Serve an index without anything, for uv also asks the default one."""
    with serve(Index(folder=tmp_path / "nothing")) as served:
        yield served


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"])
def test_credentials_in_an_indexs_address_serve_its_files_too(
    tmp_path: Path, project: Path, index: Index, variable: str
) -> None:
    done = run(tmp_path, project, **{variable: index.url_with(LOGIN)})

    assert done.code == 0, done.err
    assert f"/files/{TOY.filename}" in [path for path, _ in index.asked]


@pytest.mark.parametrize("variable", ["UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_credentials_in_a_further_indexs_address_serve_its_files_too(
    tmp_path: Path, project: Path, index: Index, empty: Index, variable: str
) -> None:
    done = run(tmp_path, project, UV_DEFAULT_INDEX=empty.url, **{variable: index.url_with(LOGIN)})

    assert done.code == 0, done.err
    assert {authorization for _, authorization in empty.asked} == {""}


def test_credentials_of_a_named_index_come_from_its_variables(
    tmp_path: Path, project: Path, index: Index, empty: Index
) -> None:
    done = run(
        tmp_path,
        project,
        UV_DEFAULT_INDEX=empty.url,
        UV_INDEX=f"my-toys={index.url}",
        UV_INDEX_MY_TOYS_USERNAME="me",
        UV_INDEX_MY_TOYS_PASSWORD=CANARY,
    )

    assert done.code == 0, done.err


@pytest.mark.parametrize("place", ["home/.config/uv/uv.toml", "project/uv.toml"])
def test_credentials_of_an_index_in_uvs_own_file_are_found(
    tmp_path: Path, project: Path, index: Index, place: str
) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    url = index.url_with(LOGIN)
    (tmp_path / place).write_text(f'[[index]]\nname = "toys"\nurl = "{url}"\ndefault = true\n')

    done = run(tmp_path, project)

    assert done.code == 0, done.err


def test_credentials_in_pips_file_are_found(tmp_path: Path, project: Path, index: Index) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nindex-url = {index.url_with(LOGIN)}\n")

    done = run(tmp_path, project, PIP_CONFIG_FILE=str(config))

    assert done.code == 0, done.err


@pytest.mark.parametrize("place", ["home/.netrc", "elsewhere/netrc"])
def test_credentials_in_a_netrc_file_serve_an_index_of_that_host(
    tmp_path: Path, project: Path, index: Index, place: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(f"machine 127.0.0.1 login me password {CANARY}\n")
    path.chmod(stat.S_IRUSR)
    named = {} if place.startswith("home") else {"NETRC": str(path)}

    done = run(tmp_path, project, UV_DEFAULT_INDEX=index.url, **named)

    assert done.code == 0, done.err


def test_the_password_is_in_no_output_and_no_file(
    tmp_path: Path, project: Path, index: Index
) -> None:
    url = index.url_with(LOGIN)
    output = tmp_path / "out"
    build = ("build", project, "-t", "toys", "-o", f"oci:{output}", "--progress", "rawjson")
    plan = run(tmp_path, project, "plan", project, "--format", "json", UV_DEFAULT_INDEX=url)

    done = run(tmp_path, project, *build, UV_DEFAULT_INDEX=url)

    assert (plan.code, done.code) == (0, 0), done.err
    assert CANARY not in plan.out + plan.err + done.out + done.err
    assert holding(tmp_path / "store", CANARY.encode()) == []
    assert holding(output, CANARY.encode()) == []


def test_a_wrong_password_is_refused_without_being_shown(
    tmp_path: Path, project: Path, index: Index
) -> None:
    done = run(tmp_path, project, UV_DEFAULT_INDEX=index.url_with(f"me:{CANARY}-old"))

    assert done.code in {3, 4}
    assert CANARY not in done.out + done.err
    assert holding(tmp_path / "store", CANARY.encode()) == []


def test_credentials_do_not_follow_a_redirect_to_another_origin(
    tmp_path: Path, project: Path, index: Index
) -> None:
    with serve(Index(folder=tmp_path / "served")) as other:
        index.elsewhere = other.origin

        done = run(tmp_path, project, UV_DEFAULT_INDEX=index.url_with(LOGIN))

    assert done.code == 0, done.err
    assert other.asked
    assert {authorization for _, authorization in other.asked} == {""}


def test_a_lock_with_a_password_in_an_address_works_twice_and_is_not_kept(
    tmp_path: Path, project: Path, index: Index
) -> None:
    """The second build may not rely on a remembered address, because none is remembered."""
    (project / "requirements.txt").unlink()
    digest = TOY.locked(tmp_path / "served").digest.hex
    url = f"{index.origin}/files/{TOY.filename}".replace("://", f"://{LOGIN}@")
    (project / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "toys"\n\n[[packages]]\nname = "toy"\n'
        f'version = "1.0"\nwheels = [{{url = "{url}", hashes = {{sha256 = "{digest}"}}}}]\n'
    )
    first = run(tmp_path, project)
    for path in (tmp_path / "store" / "wheels").iterdir():
        path.unlink()

    second = run(tmp_path, project, "build", project, "-t", "toys", "--no-cache")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert CANARY not in first.err + second.err
    assert holding(tmp_path / "store", CANARY.encode()) == []
