"""`lamina doctor` tells what it finds, and never a secret of it."""

import json
from pathlib import Path

import pytest

from lamina.testing.distribution.access import Basic
from lamina.testing.registry import InMemoryRegistry
from tests.support.toys import Outcome, lamina

SECRET = "canary-s3cret"
NAMES = [
    "Lamina",
    "store",
    "uv",
    "indexes",
    "Debian archive",
    "proxies",
    "certificates",
    "Pythons",
    "bubblewrap",
    "crun",
    "Docker engine",
]


@pytest.fixture(autouse=True)
def _quiet_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what this machine's user has logged in to out of it, and its proxies."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in (
        "DOCKER_CONFIG",
        "DOCKER_CONTEXT",
        "REGISTRY_AUTH_FILE",
        "XDG_RUNTIME_DIR",
        "DOCKER_HOST",
    ):
        monkeypatch.delenv(name, raising=False)


def doctor(tmp_path: Path, *words: str) -> Outcome:
    return lamina("doctor", *words, store=tmp_path / "store")


def test_everything_is_looked_at_in_order(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--format", "json")

    report = json.loads(done.out)
    assert (done.code, report["ok"]) == (0, True), done.out
    assert [check["name"] for check in report["checks"]] == NAMES
    assert {check["state"] for check in report["checks"]} <= {"ok", "warning", "absent"}
    assert all(check["what"] for check in report["checks"])


def test_people_get_a_line_for_each_and_what_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)

    lines = doctor(tmp_path).out.splitlines()

    assert any(line.startswith("       ok  Lamina: ") for line in lines)
    where = lines.index(
        f"  warning  certificates: {tmp_path}/gone.pem is not there, "
        "so nothing can be fetched over TLS"
    )
    assert lines[where + 1] == (
        "           try: look at PIP_CERT, SSL_CERT_FILE and REQUESTS_CA_BUNDLE"
    )


def test_looking_changes_nothing(tmp_path: Path) -> None:
    doctor(tmp_path)

    assert not (tmp_path / "store").exists()


def test_a_registry_that_was_asked_about_and_refuses_is_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_REGISTRY_USER", "alice")
    monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", SECRET)
    with InMemoryRegistry(auth=Basic(user="alice", password="another")) as closed:
        monkeypatch.setenv("LAMINA_REGISTRY", closed.address)
        done = doctor(tmp_path, f"{closed.address}/team/app:1")

        assert done.code == 1
        assert (
            f"   BROKEN  {closed.address}/team/app, answer: the registry answered 401" in done.out
        )
        assert "try: the credentials used came from LAMINA_REGISTRY_USER" in done.out
        assert SECRET not in done.out + done.err


def test_several_registries_are_looked_at(tmp_path: Path) -> None:
    with InMemoryRegistry() as one, InMemoryRegistry() as two:
        done = doctor(tmp_path, f"{one.address}/a", f"{two.address}/b", "--format", "json")

        names = [check["name"] for check in json.loads(done.out)["checks"]]
        assert done.code == 0
        assert names[len(NAMES) :] == [
            f"{one.address}/a, credentials",
            f"{one.address}/a, answer",
            f"{two.address}/b, credentials",
            f"{two.address}/b, answer",
        ]


def test_what_is_no_reference_is_a_usage_error(tmp_path: Path) -> None:
    done = doctor(tmp_path, "Not A Name")

    assert (done.code, done.out) == (2, "")


def test_a_store_of_somebody_else_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store/version").write_text("1\n")
    monkeypatch.setattr("os.geteuid", lambda: 4711)

    done = doctor(tmp_path)

    assert done.code == 1
    assert "BROKEN  store: the store belongs to another user" in done.out


def _hide_secrets(folder: Path, registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a secret wherever the environment can hold one, in good and in bad form."""
    helper = folder / "docker-credential-toy"
    answer = json.dumps({"Username": "alice", "Secret": SECRET})
    helper.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{answer}'\n")
    helper.chmod(0o755)
    (folder / ".docker").mkdir()
    auths = {"other.example.org": {"auth": SECRET, "identitytoken": SECRET}}
    (folder / ".docker/config.json").write_text(
        json.dumps({"auths": auths, "credHelpers": {registry: "toy"}})
    )
    (folder / ".netrc").write_text(f"machine example.org login me password {SECRET}\n")
    (folder / "uv.toml").write_text(f'index-url = "https://me:{SECRET}@example.org/simple"\n')
    with_login = f"https://me:{SECRET}@example.org/{SECRET}?x={SECRET}"
    values = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "LAMINA_MEMO_KEY": SECRET,
        "LAMINA_REGISTRY": "elsewhere.example.org",
        "LAMINA_REGISTRY_USER": "bob",
        "LAMINA_REGISTRY_PASSWORD": SECRET,
        "UV_DEFAULT_INDEX": with_login,
        "UV_INDEX": f"team={with_login} {SECRET}@example.org https://me:{SECRET}@[::1",
        "UV_INDEX_TEAM_PASSWORD": SECRET,
        "UV_FIND_LINKS": f"{with_login},me:{SECRET}@example.org",
        "PIP_EXTRA_INDEX_URL": with_login,
        "http_proxy": f"me:{SECRET}@127.0.0.1:1",
        "https_proxy": f"https://me:{SECRET}@[::1",
        "DOCKER_HOST": f"tcp://me:{SECRET}@127.0.0.1:1/{SECRET}",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("host", [f"ssh://me:{SECRET}@host", f"tcp://{SECRET}", SECRET])
def test_an_engine_that_is_reached_in_another_way_is_not_asked_nor_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)

    done = doctor(tmp_path)

    assert "not there  Docker engine: it is said to be where Lamina does not load" in done.out
    assert SECRET not in done.out


@pytest.mark.parametrize("shape", ["text", "json"])
@pytest.mark.parametrize("password", [SECRET, "another"])
def test_no_secret_is_printed_wherever_it_hides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str, password: str
) -> None:
    with InMemoryRegistry(auth=Basic(user="alice", password=password)) as registry:
        _hide_secrets(tmp_path, registry.address, monkeypatch)

        done = doctor(tmp_path, f"{registry.address}/team/app", "--format", shape)

        assert done.code == (0 if password == SECRET else 1), done.out
        assert "docker-credential-toy" in done.out  # it was used
        assert registry.requests(path_contains="/v2/")
    assert "team at https://example.org/..." in done.out
    assert SECRET not in done.out + done.err
    assert "YWxpY2U6" not in done.out + done.err  # alice: as Basic writes it
