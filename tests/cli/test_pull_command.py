"""`lamina pull` brings the image for one platform, or all of an index when that is asked for."""

import platform as host
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import InMemoryRegistry
from tests.support.toys import Outcome, lamina

HERE = Platform.parse(f"linux/{host.machine().lower()}").architecture
ELSEWHERE = "s390x"


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as found:
        yield found


def keep(registry: InMemoryRegistry, *architectures: str) -> tuple[Image, ...]:
    content = Memory()
    images = tuple(toy_image(content, "a", name, architecture=name) for name in architectures)
    registry.keep("demo/app", "1", Index(images=images), content)
    return images


def pull(registry: InMemoryRegistry, folder: Path, *words: str) -> Outcome:
    return lamina("pull", f"{registry.address}/demo/app:1", *words, store=folder / "store")


def blobs(folder: Path) -> set[str]:
    return {path.name for path in (folder / "store/blobs/sha256").iterdir()}


def test_of_an_index_this_machines_image_comes(registry: InMemoryRegistry, tmp_path: Path) -> None:
    ours, theirs = keep(registry, HERE, ELSEWHERE)

    done = pull(registry, tmp_path)

    assert done.code == 0, done.err
    assert done.out.strip() == str(ours.descriptor.digest)
    assert theirs.layers[1].descriptor.digest.hex not in blobs(tmp_path)
    assert {layer.descriptor.digest.hex for layer in ours.layers} <= blobs(tmp_path)


def test_another_platform_can_be_named(registry: InMemoryRegistry, tmp_path: Path) -> None:
    _, theirs = keep(registry, HERE, ELSEWHERE)

    done = pull(registry, tmp_path, "--platform", f"linux/{ELSEWHERE}")

    assert done.out.strip() == str(theirs.descriptor.digest)


def test_all_of_an_index_comes_and_can_be_pushed_as_it_is(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    keep(registry, HERE, ELSEWHERE)
    there = registry.repositories["demo/app"]

    pulled = pull(registry, tmp_path, "--all-platforms")
    name, other = (f"{registry.address}/{path}:1" for path in ("demo/app", "demo/other"))
    pushed = lamina("push", name, other, store=tmp_path / "store")

    assert pulled.out == pushed.out == f"{there.tags['1']}\n"
    assert registry.repositories["demo/other"].manifests == there.manifests
    assert {digest.hex for digest in there.blobs} <= blobs(tmp_path)


@pytest.mark.parametrize("words", [(), ("--platform", "linux/riscv64")])
def test_an_index_without_the_platform_says_what_it_has(
    registry: InMemoryRegistry, tmp_path: Path, words: tuple[str, ...]
) -> None:
    keep(registry, ELSEWHERE, "ppc64le")

    done = pull(registry, tmp_path, *words)

    assert done.code == 3
    assert "linux/ppc64le, linux/s390x" in done.err
    assert "--platform" in done.err


def test_the_only_image_comes_whatever_it_is_for(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    (image,) = keep(registry, ELSEWHERE)

    assert pull(registry, tmp_path).out.strip() == str(image.descriptor.digest)


def test_an_image_without_an_index_is_of_the_platform_that_is_named(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    content = Memory()
    image = toy_image(content, "a", architecture=ELSEWHERE)
    registry.keep("demo/app", "1", image, content)

    wrong = pull(registry, tmp_path, "--platform", "linux/riscv64")
    right = pull(registry, tmp_path)

    assert (wrong.code, right.code) == (3, 0)
    assert f"is for linux/{ELSEWHERE}, not for linux/riscv64" in wrong.err
    assert right.out.strip() == str(image.descriptor.digest)


def test_a_platform_and_all_of_them_exclude_each_other(
    registry: InMemoryRegistry, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="2"):
        pull(registry, tmp_path, "--platform", "linux/arm64", "--all-platforms")
