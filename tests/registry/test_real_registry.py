"""Distribution's registry instead of our own: the same faults, a password, and TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.errors import LaminaError, NetworkError
from lamina.http.client import HttpClient
from lamina.http.retry import Retries
from lamina.http.settings import HttpSettings
from lamina.image.blobs import tree_of
from lamina.oci.image import Image
from lamina.oci.reference import Reference
from lamina.registry.client import RegistryClient
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.error import RefusedError
from lamina.registry.fetch import fetch
from lamina.registry.place import place_of
from lamina.registry.push import push
from lamina.registry.session import Session
from lamina.steps import silent_step
from lamina.store.store import Store
from lamina.testing.fault_proxy import FaultProxy
from lamina.testing.faults import (
    Action,
    CloseBefore,
    CloseRequestAfter,
    CloseResponseAfter,
    Rule,
    Status,
)
from lamina.testing.images import Memory, toy_image
from tests.registry.bad_day import OPERATIONS, Operation
from tests.support import registry as real
from tests.support.registry import GuardedRegistry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not real.PROGRAM.exists(), reason="docker-registry is not unpacked: run `make tools`"
    ),
]

FAULTS = [Status(503), CloseBefore(), CloseRequestAfter(10), CloseResponseAfter(10)]
PLAIN = [operation for operation in OPERATIONS if "token" not in operation.name]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real.registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedRegistry]:
    with real.guarded_registry(tmp_path_factory.mktemp("guarded"), has_tls=True) as guarded:
        yield guarded


def client_of(
    address: str,
    name: str,
    *,
    authority: Path | None = None,
    password: str = "",
    mounts: tuple[str, ...] = (),
) -> RegistryClient:
    login = {
        "LAMINA_REGISTRY": address,
        "LAMINA_REGISTRY_USER": real.USER,
        "LAMINA_REGISTRY_PASSWORD": password,
    }
    session = Session(
        HttpClient(HttpSettings(timeout_s=10, certificates=authority)),
        place_of(Reference.parse(f"{address}/{name}:v1")),
        CredentialFinder(login if password else {}),
        retries=Retries(sleep=lambda _: None, jitter=lambda: 0.0),
    )
    return RegistryClient(session, mounts=mounts)


def send(client: RegistryClient, *names: str, chunk_size: int = 0) -> Image:
    content = Memory()
    image = toy_image(content, *names)
    tree = tree_of(image)
    push(tree, content, client, tags=["v1"], step=silent_step(), chunk_size=chunk_size)
    return image


def name_of(path: Path) -> str:
    return path.name.lower().replace("_", "-").rstrip("-")


@pytest.mark.parametrize("action", FAULTS, ids=lambda action: type(action).__name__)
@pytest.mark.parametrize("operation", PLAIN, ids=str)
def test_a_fault_that_passes_is_got_over(
    operation: Operation, action: Action, address: str, tmp_path: Path
) -> None:
    """An image that is pushed and pulled is the same, whatever happened once on the way."""
    rule = Rule(action, method=operation.method, path=operation.path, nth=(1,))
    with FaultProxy(address, rule) as proxy:
        client = client_of(proxy.address, name_of(tmp_path), mounts=operation.mounts)
        image = send(client, name_of(tmp_path), chunk_size=operation.chunk_size)
        store = Store.open(tmp_path / "store")
        found = fetch(client, "v1", store.blobs, silent_step())

        assert any(request.rule for request in proxy.requests())
    assert found.digest == image.descriptor.digest
    assert all(store.blobs.has(blob) for blob in tree_of(image).blobs)


def test_a_push_over_tls_with_a_password_can_be_pulled(
    guarded: GuardedRegistry, tmp_path: Path
) -> None:
    client = client_of(
        guarded.address, "tls/app", authority=guarded.authority, password=guarded.password
    )

    image = send(client, "one", "two")

    store = Store.open(tmp_path / "store")
    assert fetch(client, "v1", store.blobs, silent_step()).digest == image.descriptor.digest


def test_a_wrong_password_is_told_with_where_it_came_from(guarded: GuardedRegistry) -> None:
    client = client_of(guarded.address, "tls/wrong", authority=guarded.authority, password="guess")

    with pytest.raises(RefusedError, match="401") as caught:
        send(client, "one")

    assert "LAMINA_REGISTRY_USER" in str(caught.value.hint)


def test_an_authority_that_is_not_trusted_is_an_error_that_names_it(
    guarded: GuardedRegistry,
) -> None:
    with pytest.raises(NetworkError) as caught:
        send(client_of(guarded.address, "tls/distrust", password=guarded.password), "one")

    assert "certificate" in f"{caught.value.why} {caught.value.hint}".lower()


def test_nobody_in_particular_may_not_push(guarded: GuardedRegistry) -> None:
    with pytest.raises(LaminaError, match="401"):
        send(client_of(guarded.address, "tls/nobody", authority=guarded.authority), "one")
