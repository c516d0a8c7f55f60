"""A base of a registry is named by digest once it is resolved, and a digest is never looked up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.bases.registry import RegistryBase, known_digest
from lamina.errors import NetworkError
from lamina.image.assemble import assemble
from lamina.layer.memo import NoMemo
from lamina.oci.config import RuntimeConfig
from lamina.oci.image import Index
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage, BuildPlan
from lamina.steps import silent_step
from lamina.store.store import Store
from lamina.testing.images import Memory
from lamina.testing.registry import InMemoryRegistry
from tests.registry.talking import talk_to
from tests.support.bases import python_index

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DAY = 24 * 3600.0


class Bench:
    """A registry whose tag ``3`` moves, and bases of one store, now and on other days."""

    def __init__(self, folder: Path, registry: InMemoryRegistry) -> None:
        self.registry = registry
        self.store = Store.open(folder / "store")
        self.content = Memory()
        self.old = self.move("old")

    @property
    def tag(self) -> str:
        return f"{self.registry.address}/bases/python:3"

    def move(self, mark: str) -> Index:
        index = python_index(self.content, mark)
        self.registry.keep("bases/python", "3", index, self.content)
        return index

    def base(
        self, *, now: float = 0.0, refresh: bool = False, is_offline: bool = False
    ) -> RegistryBase:
        return RegistryBase(
            self.store,
            lambda reference: talk_to(self.registry.address, name=reference.repository),
            memo=NoMemo(),
            clock=lambda: now,
            refresh=refresh,
            is_offline=is_offline,
        )

    def resolve(self, base: RegistryBase, reference: str, platform: Platform = AMD64) -> BaseImage:
        return base.resolve(reference, platform, (), silent_step())

    def asked(self) -> list[str]:
        """Name what manifests were asked for by."""
        found = self.registry.requests(path_contains="/manifests/")
        return [request.path.rpartition("/")[2] for request in found]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with InMemoryRegistry() as registry:
        yield Bench(tmp_path, registry)


def test_a_resolved_tag_is_named_with_the_digest_that_the_registry_has_for_it(
    bench: Bench,
) -> None:
    """That of the index, which is the same for every platform, and not of what is below it."""
    bases = [bench.resolve(bench.base(), bench.tag, platform) for platform in (AMD64, ARM64)]

    assert {base.reference for base in bases} == {f"{bench.tag}@{bench.old.descriptor.digest}"}
    assert bases[0].platform != bases[1].platform


def test_a_digest_is_used_and_its_tag_never_asked_for(bench: Bench) -> None:
    pinned = f"{bench.tag}@{bench.old.descriptor.digest}"
    bench.move("new")

    base = bench.base(now=9 * DAY, refresh=True)
    found = bench.resolve(base, pinned)

    assert found.reference == pinned
    assert base.layers(found, silent_step()) == bench.old.images[0].layers
    assert "3" not in bench.asked()


def test_a_digest_that_is_in_the_store_is_good_for_ever(bench: Bench) -> None:
    first = bench.resolve(bench.base(), bench.tag)
    bench.registry.reset()

    later = bench.resolve(bench.base(now=9 * DAY, refresh=True), first.reference)
    offline = bench.resolve(bench.base(now=9 * DAY, is_offline=True), first.reference)

    assert (later, offline) == (first, first)
    assert bench.registry.requests() == ()


def test_an_unpinned_tag_moves_after_a_day(bench: Bench) -> None:
    old = bench.resolve(bench.base(), bench.tag)
    new = bench.move("new").descriptor.digest

    kept = bench.resolve(bench.base(now=DAY / 2), bench.tag)
    moved = bench.resolve(bench.base(now=DAY), bench.tag)

    assert kept == old
    assert moved.reference == f"{bench.tag}@{new}"


def test_what_a_tag_stood_for_last_is_known_without_asking(bench: Bench) -> None:
    assert known_digest(bench.store, bench.tag, AMD64) is None
    bench.resolve(bench.base(), bench.tag)
    bench.registry.reset()

    assert known_digest(bench.store, bench.tag, AMD64) == bench.old.descriptor.digest
    assert known_digest(bench.store, bench.tag, ARM64) is None
    assert bench.registry.requests() == ()


def test_a_store_of_an_older_lamina_is_asked_again(bench: Bench) -> None:
    """Its rows did not hold the registry's digest."""
    bench.store.remember("registry base", f"{bench.tag} {AMD64}", [0.0, {"size": 1}])

    assert known_digest(bench.store, bench.tag, AMD64) is None
    assert bench.resolve(bench.base(), bench.tag).reference.endswith(
        str(bench.old.descriptor.digest)
    )


def test_offline_an_unknown_digest_is_an_error(bench: Bench) -> None:
    with pytest.raises(NetworkError, match="is not in the store"):
        bench.resolve(bench.base(is_offline=True), f"{bench.tag}@{bench.old.descriptor.digest}")


def test_an_image_says_which_image_it_is_based_on(bench: Bench) -> None:
    """By full name, and with the digest of what that name stood for (annotations.md)."""
    base = bench.resolve(bench.base(), bench.tag)
    plan = BuildPlan(
        name="app", base=base, venv="/opt/venv", layers=(), runtime=RuntimeConfig(command=("x",))
    )

    assert assemble(plan, ()).annotations == {
        "org.opencontainers.image.base.name": bench.tag,
        "org.opencontainers.image.base.digest": str(bench.old.descriptor.digest),
    }
