"""Sdists are built once, and their wheels are remembered."""

import platform as host
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from lamina.errors import IntegrityError, ToolError, UsageError
from lamina.layer.memo import NoMemo
from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.lock.uv import Uv
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage
from lamina.sdist.build import Order
from lamina.sdist.builder import StoreSdistBuilder
from lamina.sdist.sandbox import Root
from lamina.sdist.toolchain import Toolchains
from lamina.steps import Step, silent_step
from lamina.store.store import Store

MakeSdist = Callable[..., Order]
IMAGE = BaseImage(
    reference="python:3.99",
    platform=Platform("linux", "amd64"),
    digest=Digest.of(b"base"),
    python=f"{sys.version_info[0]}.{sys.version_info[1]}",
    python_full="3.11.2",
    interpreter="/usr/bin/python3",
    glibc=(2, 36),
)


class Sources:
    """Hands out one sdist and counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fetched = 0

    def fetch_sdist(self, sdist: LockedSdist, step: Step) -> Path:  # noqa: ARG002
        self.fetched += 1
        return self.path


class Bases:
    """A base of one empty layer, which notes the packages that it was asked for."""

    def __init__(self) -> None:
        self.packages: tuple[str, ...] = ()
        self.layered = 0

    def resolve(
        self,
        reference: str,
        platform: Platform,  # noqa: ARG002
        system_packages: tuple[str, ...],
        step: Step,  # noqa: ARG002
    ) -> BaseImage:
        self.packages = system_packages
        return replace(IMAGE, reference=reference, digest=Digest.of(b"with tools"))

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:  # noqa: ARG002
        self.layered += 1
        return ()

    def marks(self, base: BaseImage) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:  # noqa: ARG002
        raise AssertionError(layer)


def unpack(layers: Iterable[BinaryIO], root: Path) -> None:
    assert list(layers) == []
    (root / "usr").mkdir()


class Blobs:
    def has(self, descriptor: Descriptor) -> bool:
        raise AssertionError(descriptor)

    def open(self, descriptor: Descriptor) -> BinaryIO:
        raise AssertionError(descriptor)


def builder(store: Store, sources: Sources) -> StoreSdistBuilder:
    uv = Uv(program="/nothing/uv", environment={})
    return StoreSdistBuilder(
        store, sources, Bases(), memo=NoMemo(), uv_for=lambda _: uv, unpack=unpack
    )


def locked(order: Order) -> LockedSdist:
    data = order.path.read_bytes()
    return LockedSdist(
        name="toy", version="1.0", filename=order.filename, digest=Digest.of(data), size=len(data)
    )


@pytest.mark.usefixtures("here")
def test_a_pure_wheel_is_kept_for_every_base(make_sdist: MakeSdist, tmp_path: Path) -> None:
    order = make_sdist()
    store, sources = Store.open(tmp_path / "store"), Sources(order.path)

    first = builder(store, sources).build(locked(order), IMAGE, silent_step())
    other = replace(IMAGE, digest=Digest.of(b"another"), platform=Platform("linux", "arm64"))
    second = builder(store, sources).build(locked(order), other, silent_step())

    assert first == second
    assert isinstance(first, LockedWheel)
    assert (first.filename, first.is_pure, first.url) == ("toy-1.0-py3-none-any.whl", True, "")
    assert Digest.of(store.wheel_path(first.digest).read_bytes()) == first.digest
    assert sources.fetched == 1


@pytest.mark.usefixtures("here")
def test_a_wheel_that_has_gone_from_the_store_is_built_again(
    make_sdist: MakeSdist, tmp_path: Path
) -> None:
    order = make_sdist()
    store, sources = Store.open(tmp_path / "store"), Sources(order.path)
    wheel = builder(store, sources).build(locked(order), IMAGE, silent_step())
    store.wheel_path(wheel.digest).unlink()

    again = builder(store, sources).build(locked(order), IMAGE, silent_step())

    assert store.wheel_path(again.digest).is_file()
    assert sources.fetched == 2


@pytest.mark.usefixtures("here")
def test_an_sdist_that_is_not_the_locked_one_is_never_run(
    make_sdist: MakeSdist, tmp_path: Path
) -> None:
    order = make_sdist()
    wanted = replace(locked(order), digest=Digest.of(b"other"))

    with pytest.raises(IntegrityError, match="not the one that was locked"):
        builder(Store.open(tmp_path / "store"), Sources(order.path)).build(
            wanted, IMAGE, silent_step()
        )


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("where", "problem"),
    [("another machine", "has to be compiled for"), ("this machine", "brings no compiler")],
)
def test_a_wheel_for_this_machine_is_not_used_for_the_image(
    make_sdist: MakeSdist, tmp_path: Path, where: str, problem: str
) -> None:
    order = make_sdist(wheel="toy-1.0-cp311-cp311-linux_x86_64.whl")
    here = Platform.parse(f"linux/{host.machine()}")
    other = Platform("linux", "arm64" if here.architecture == "amd64" else "amd64")
    image = replace(IMAGE, platform=other if where == "another machine" else here)
    build = builder(Store.open(tmp_path / "store"), Sources(order.path)).build

    with pytest.raises(UsageError, match=problem):
        build(locked(order), image, silent_step())


NATIVE = {"toy/fast.c": "int x;"}


@pytest.mark.usefixtures("here")
def test_what_may_be_compiled_is_built_where_every_machine_has_the_same_compiler(
    make_sdist: MakeSdist, tmp_path: Path
) -> None:
    """A pure wheel may only say that this machine had no compiler."""
    order = make_sdist(more=NATIVE)
    build = builder(Store.open(tmp_path / "store"), Sources(order.path)).build
    machine = Platform.parse(f"linux/{host.machine()}")

    with pytest.raises(ToolError, match="the toolchain of debian:bookworm"):
        build(
            locked(order),
            replace(IMAGE, reference="debian:bookworm", platform=machine),
            silent_step(),
        )


@pytest.mark.usefixtures("here")
def test_a_pure_wheel_of_what_may_be_compiled_is_kept_for_its_base_alone(
    make_sdist: MakeSdist, tmp_path: Path
) -> None:
    """There is no compiler that fits a base of a registry; on another base there may be one."""
    order = make_sdist(more=NATIVE)
    store, sources = Store.open(tmp_path / "store"), Sources(order.path)

    wheel = builder(store, sources).build(locked(order), IMAGE, silent_step())
    builder(store, sources).build(locked(order), IMAGE, silent_step())
    assert sources.fetched == 1
    builder(store, sources).build(
        locked(order), replace(IMAGE, digest=Digest.of(b"another")), silent_step()
    )

    assert wheel.is_pure
    assert sources.fetched == 2


def test_a_toolchain_is_unpacked_once(tmp_path: Path) -> None:
    bases = Bases()
    toolchains = Toolchains(base=bases, blobs=Blobs(), folder=tmp_path / "t", unpack=unpack)
    image = replace(IMAGE, reference="debian:bookworm")

    first = toolchains.prepare(image, silent_step())
    second = toolchains.prepare(image, silent_step())

    assert isinstance(first, Root)
    assert first == second
    assert bases.layered == 1
    assert {"gcc", "libc6-dev", f"python{IMAGE.python}-dev"} <= set(bases.packages)
    root = first.mounts["/"]
    assert {"usr", "work", "out", "requirements"} <= {path.name for path in root.iterdir()}
    assert [root] == list((tmp_path / "t").iterdir())


def test_a_toolchain_that_another_build_has_just_unpacked_is_taken(tmp_path: Path) -> None:
    """Two builds of one base begin together, and the slower finds a folder with files in it."""
    folder = tmp_path / "t"

    def unpack_late(layers: Iterable[BinaryIO], root: Path) -> None:
        unpack(layers, root)
        quicker = Toolchains(base=Bases(), blobs=Blobs(), folder=folder, unpack=unpack)
        quicker.prepare(image, silent_step())

    image = replace(IMAGE, reference="debian:bookworm")
    slower = Toolchains(base=Bases(), blobs=Blobs(), folder=folder, unpack=unpack_late)

    root = slower.prepare(image, silent_step())

    assert [root.mounts["/"]] == list(folder.iterdir())


def test_a_toolchain_that_is_there_is_noted_as_used(tmp_path: Path) -> None:
    """Else a prune might take it from under the build."""
    noted: list[Path] = []

    def has(path: Path) -> bool:
        noted.append(path)
        return path.exists()

    toolchains = Toolchains(
        base=Bases(), blobs=Blobs(), folder=tmp_path / "t", unpack=unpack, has=has
    )

    root = toolchains.prepare(replace(IMAGE, reference="debian:bookworm"), silent_step())

    assert noted == [root.mounts["/"]]


def test_a_toolchain_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def fail(layers: Iterable[BinaryIO], root: Path) -> None:  # noqa: ARG001
        (root / "usr").mkdir()
        raise IntegrityError("a layer is broken")

    toolchains = Toolchains(base=Bases(), blobs=Blobs(), folder=tmp_path / "t", unpack=fail)

    with pytest.raises(IntegrityError):
        toolchains.prepare(replace(IMAGE, reference="debian:bookworm"), silent_step())
    assert list((tmp_path / "t").iterdir()) == []
