"""A registry behind a proxy with faults, a client that does not sleep, and images to move."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lamina.errors import LaminaError
from lamina.http.client import HttpClient
from lamina.http.retry import Retries
from lamina.http.settings import HttpSettings
from lamina.image.blobs import tree_of
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.registry.client import RegistryClient
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.fetch import fetch
from lamina.registry.place import place_of
from lamina.registry.push import push
from lamina.registry.session import Session
from lamina.steps import silent_step
from lamina.store.store import Store
from lamina.testing.fault_proxy import FaultProxy, ProxiedRequest
from lamina.testing.faults import Action, Rule
from lamina.testing.images import Memory, toy_image, toy_layer
from lamina.testing.registry import Bearer, Choices, InMemoryRegistry

LONGEST_WAIT_S = 120.0
NAME = "demo/app"
TAG = "v1"
ALICE = Bearer(user="alice", password="s3cret")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One kind of request that a push or a pull makes; ``path`` is a regular expression."""

    name: str
    method: str
    path: str
    is_pull: bool = False
    chunk_size: int = 0
    mounts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def matches(self, request: ProxiedRequest) -> bool:
        """Say whether a request is of this kind."""
        target = f"{request.path}?{request.query}" if request.query else request.path
        return request.method == self.method and bool(re.search(self.path, target))


PUSHES = (
    Operation(name="token", method="GET", path="^/token"),
    Operation(name="HEAD manifest", method="HEAD", path="/manifests/"),
    Operation(name="HEAD blob", method="HEAD", path="/blobs/sha256"),
    Operation(name="mount", method="POST", path="/uploads/.*mount=", mounts=("base",)),
    Operation(name="POST upload", method="POST", path="/blobs/uploads/$"),
    Operation(name="PATCH chunk", method="PATCH", path="/blobs/uploads/", chunk_size=100),
    Operation(name="PUT after chunks", method="PUT", path="/blobs/uploads/", chunk_size=100),
    Operation(name="PUT blob", method="PUT", path="/blobs/uploads/"),
    Operation(name="PUT manifest", method="PUT", path="/manifests/"),
)
PULLS = (
    Operation(name="token for a pull", method="GET", path="^/token", is_pull=True),
    Operation(name="GET manifest", method="GET", path="/manifests/", is_pull=True),
    Operation(name="GET blob", method="GET", path="/blobs/sha256", is_pull=True),
)
OPERATIONS = (*PUSHES, *PULLS)
_BY_NAME = {operation.name: operation for operation in OPERATIONS}


@dataclass
class BadDay:
    """Everything that takes part; ``slept`` has the waits that were asked for, in seconds."""

    registry: InMemoryRegistry
    proxy: FaultProxy
    store: Store
    content: Memory
    old: Image
    image: Image
    slept: list[float] = field(default_factory=list)

    def client(self, mounts: tuple[str, ...] = ()) -> RegistryClient:
        """Make a client of somebody who may do everything."""
        place = place_of(Reference.parse(f"{self.proxy.address}/{NAME}:{TAG}"))
        login = {
            "LAMINA_REGISTRY": self.proxy.address,
            "LAMINA_REGISTRY_USER": "alice",
            "LAMINA_REGISTRY_PASSWORD": "s3cret",
        }
        http = HttpClient(HttpSettings(timeout_s=5))
        retries = Retries(sleep=self.slept.append, jitter=lambda: 0.0)
        session = Session(http, place, CredentialFinder(login), retries=retries)
        return RegistryClient(session, mounts=mounts)

    def attempt(self, operation: Operation) -> LaminaError | None:
        """Make the push or pull that ``operation`` is a part of; return the error it ended in."""
        client = self.client(operation.mounts)
        try:
            if operation.is_pull:
                self.registry.keep(NAME, TAG, self.image, self.content)
                fetch(client, TAG, self.store.blobs, silent_step())
            else:
                push(
                    tree_of(self.image), self.content, client, tags=[TAG], step=silent_step(),
                    chunk_size=operation.chunk_size,
                )  # fmt: skip
        except LaminaError as error:
            return error
        return None

    def requests(self, operation: Operation) -> tuple[ProxiedRequest, ...]:
        """List the requests of one kind."""
        return tuple(row for row in self.proxy.requests() if operation.matches(row))

    @property
    def tag(self) -> Digest | None:
        """What the tag stands for in the registry."""
        return self.registry.repositories[NAME].tags.get(TAG)

    @property
    def fetched(self) -> bool:
        """Say whether the whole image is in the store; raise when only its manifest is."""
        tree = tree_of(self.image)
        if not self.store.blobs.has(tree.root):
            return False
        for blob in tree.blobs:
            assert Digest.of(self.store.blobs.path(blob.digest).read_bytes()) == blob.digest
        return True


def _image(content: Memory, data: bytes) -> Image:
    return Image(
        platform=Platform("linux", "amd64"),
        layers=(toy_layer(content, "new", data),),
        runtime=RuntimeConfig(command=("new",)),
    )


@contextmanager
def bad_day(
    folder: Path, *, auth: Bearer = ALICE, choices: Choices | None = None, data: bytes = b"data"
) -> Iterator[BadDay]:
    """Start a registry whose tag is on an old image, and a proxy before it."""
    content = Memory()
    with (
        InMemoryRegistry(auth=auth, choices=choices) as registry,
        FaultProxy(registry.address) as proxy,
    ):
        day = BadDay(
            registry=registry,
            proxy=proxy,
            store=Store.open(folder / "store"),
            content=content,
            old=toy_image(content, "old"),
            image=_image(content, data),
        )
        registry.keep(NAME, TAG, day.old, content)
        yield day


def assert_whole(day: BadDay) -> None:
    """Check that the tag is old or the new image is there whole, and likewise the store."""
    assert day.tag in {day.old.descriptor.digest, day.image.descriptor.digest}
    repository = day.registry.repositories[NAME]
    if day.tag == day.image.descriptor.digest:
        assert {blob.digest for blob in tree_of(day.image).blobs} <= set(repository.blobs)
    assert day.fetched in {True, False}
    assert sum(day.slept) <= LONGEST_WAIT_S


def fault(day: BadDay, operation: Operation, action: Action, *nth: int) -> LaminaError | None:
    """Make the push or pull of ``operation``, ``action`` happening to it."""
    day.proxy.use(Rule(action, method=operation.method, path=operation.path, nth=nth or None))
    error = day.attempt(operation)
    assert any(request.rule for request in day.requests(operation)), "the fault never happened"
    return error


def assert_done(day: BadDay, operation: Operation, error: LaminaError | None) -> None:
    assert error is None
    assert day.fetched if operation.is_pull else day.tag == day.image.descriptor.digest


def usual(tmp_path: Path, operation: Operation) -> int:
    """Count the requests of this kind on a good day."""
    with bad_day(tmp_path / "usual") as day:
        assert_done(day, operation, day.attempt(operation))
        return len(day.requests(operation))


def of(*names: str) -> list[Operation]:
    return [_BY_NAME[name] for name in names]


def but(*names: str) -> list[Operation]:
    return [operation for operation in OPERATIONS if operation.name not in names]
