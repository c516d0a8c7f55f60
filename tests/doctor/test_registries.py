"""A registry is asked as a push would ask it, and what it says comes back with what to try."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.doctor.check import Check
from lamina.doctor.registries import RegistryProbe
from lamina.http.client import HttpClient
from lamina.http.settings import HttpSettings
from lamina.oci.reference import Reference
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.place import place_of
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import Rule, Status
from lamina.testing.registry import Basic, Bearer, InMemoryRegistry
from tests.registry.talking import CANARY, LOGIN

NOBODY = {"HOME": "/nowhere"}


def look(address: str, environment: dict[str, str]) -> list[Check]:
    finder = CredentialFinder({"LAMINA_REGISTRY": address, **environment})
    probe = RegistryProbe(http=HttpClient(HttpSettings(timeout_s=5)), finder=finder)
    return list(probe.check(place_of(Reference.parse(f"{address}/team/app:1"))))


@pytest.fixture
def open_registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        yield registry


def test_a_registry_that_lets_everybody_in(open_registry: InMemoryRegistry) -> None:
    credentials, answer = look(open_registry.address, NOBODY)

    assert credentials.name == f"{open_registry.address}/team/app, credentials"
    assert (credentials.state, answer.state) == ("ok", "ok")
    assert credentials.what.splitlines()[0] == "from nowhere: there are none for this registry"
    assert answer.what == f"http://{open_registry.address} lets us in, and everybody else"


def test_a_registry_that_wants_a_password() -> None:
    with InMemoryRegistry(auth=Basic(user="alice", password=CANARY)) as registry:
        credentials, answer = look(registry.address, LOGIN)

        assert credentials.what.splitlines()[:2] == [
            "from LAMINA_REGISTRY_USER",
            "- LAMINA_REGISTRY_USER: used",
        ]
        assert answer.what == f"http://{registry.address} lets us in, with a user and a password"


def test_a_registry_with_a_token_server() -> None:
    with InMemoryRegistry(auth=Bearer(user="alice", password=CANARY)) as registry:
        _, answer = look(registry.address, LOGIN)

        assert answer.state == "ok"
        assert f"with a token from http://{registry.address}" in answer.what


@pytest.mark.parametrize("auth", [Basic, Bearer])
def test_a_wrong_password_is_broken_and_said_where_it_came_from(
    auth: type[Basic | Bearer],
) -> None:
    with InMemoryRegistry(auth=auth(user="alice", password="another")) as registry:
        _, answer = look(registry.address, LOGIN)

    assert answer.state == "broken"
    assert "the registry answered 401" in answer.what
    assert answer.hint == "the credentials used came from LAMINA_REGISTRY_USER"


def test_a_registry_that_is_away_is_asked_once(open_registry: InMemoryRegistry) -> None:
    """A push would try for minutes; who asks for a diagnosis wants it now."""
    busy = Rule(Status(503), path="/v2/")
    with FaultProxy(open_registry.address, busy) as proxy:
        _, answer = look(proxy.address, NOBODY)

        assert answer.state == "broken"
        assert "the registry answered 503" in answer.what
        assert len(proxy.requests()) == 2  # one of them finds out whether it speaks TLS


def test_a_file_that_others_may_read_is_a_warning(
    tmp_path: Path, open_registry: InMemoryRegistry
) -> None:
    path = tmp_path / "auth.json"
    path.write_text(
        json.dumps({"auths": {open_registry.address: {"username": "alice", "password": CANARY}}})
    )
    path.chmod(0o644)

    credentials, answer = look(open_registry.address, {"REGISTRY_AUTH_FILE": str(path)})

    assert (credentials.state, answer.state) == ("warning", "ok")
    assert f"from {path}" in credentials.what
    assert "chmod 600" in credentials.what
    assert CANARY not in credentials.what
    path.chmod(0o600)
    assert look(open_registry.address, {"REGISTRY_AUTH_FILE": str(path)})[0].state == "ok"


def test_what_no_push_reads_is_not_broken(tmp_path: Path, open_registry: InMemoryRegistry) -> None:
    """The first source that knows the registry counts, so the others cannot fail it."""
    path = tmp_path / "auth.json"
    login = {"username": "alice", "password": CANARY}
    path.write_text(json.dumps({"auths": {open_registry.address: login}}))
    path.chmod(0o600)
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers/auth.json").write_text("no json")
    environment = {"REGISTRY_AUTH_FILE": str(path), "XDG_RUNTIME_DIR": str(tmp_path)}

    credentials, answer = look(open_registry.address, environment)

    assert (credentials.state, answer.state) == ("ok", "ok")
    assert credentials.what.splitlines() == [
        f"from {path}, auths['{open_registry.address}']",
        "- LAMINA_REGISTRY_USER: not set for it",
        f"- {path}: alice, used: auths['{open_registry.address}']",
        f"- {tmp_path}/containers/auth.json: not asked",
    ]


def test_a_broken_file_before_the_one_that_would_be_used_is_broken(
    tmp_path: Path, open_registry: InMemoryRegistry
) -> None:
    """A push fails on it, too: what is named first may have been meant."""
    path = tmp_path / "auth.json"
    path.write_text("no json")
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers/auth.json").write_text("{}")
    environment = {"REGISTRY_AUTH_FILE": str(path), "XDG_RUNTIME_DIR": str(tmp_path)}

    (credentials,) = look(open_registry.address, environment)

    assert credentials.state == "broken"
    assert str(path) in credentials.what


def test_a_file_without_the_registry_may_be_read_by_all(
    tmp_path: Path, open_registry: InMemoryRegistry
) -> None:
    path = tmp_path / "auth.json"
    path.write_text('{"auths": {}}')
    path.chmod(0o644)

    credentials, _ = look(open_registry.address, {"REGISTRY_AUTH_FILE": str(path)})

    assert credentials.state == "ok"


def test_a_file_that_cannot_be_read_is_broken_and_nothing_is_asked(
    tmp_path: Path, open_registry: InMemoryRegistry
) -> None:
    path = tmp_path / "auth.json"
    path.write_text(f"{CANARY}")

    (check,) = look(open_registry.address, {"REGISTRY_AUTH_FILE": str(path)})

    assert (check.state, CANARY in check.what) == ("broken", False)
    assert open_registry.requests() == ()
