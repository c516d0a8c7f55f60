"""What a base stood on is compared with what it would stand on now, for each kind of base."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lamina.bases.check import (
    Change,
    check_image,
    check_packages,
    fixed,
    no_packages,
    standing,
)
from lamina.debian.selection import DebianPackage, DebianSelection
from lamina.errors import ImageError
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.plan.plan import BaseImage, SystemPackage
from lamina.project.base_pin import BasePin
from lamina.testing.images import Memory
from lamina.testing.registry import InMemoryRegistry
from tests.registry.talking import talk_to
from tests.support.bases import python_index

AMD64 = Platform("linux", "amd64")
NAME = "bases/python"
ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
PIN = BasePin(reference="python:3", digest=ONE)


@pytest.mark.parametrize(
    ("base", "pins", "stored", "expected"),
    [
        ("python:3", [PIN], TWO, ("pin", ONE)),
        ("python:3", [], TWO, ("store", TWO)),
        ("python:3", [], None, ("", None)),
        ("python:4", [PIN], None, ("", None)),
        (f"python:3@{TWO}", [PIN], None, ("settings", TWO)),
    ],
)
def test_settings_come_before_the_pin_and_that_before_the_store(
    base: str, pins: list[BasePin], stored: Digest | None, expected: tuple[str, Digest | None]
) -> None:
    """As in a build."""
    assert standing(base, pins, stored) == expected


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        yield registry


def keep(registry: InMemoryRegistry, mark: str, *, created: int = 0) -> Digest:
    content = Memory()
    index = python_index(content, mark, created=created)
    registry.keep(NAME, "3", index, content)
    return index.descriptor.digest


def test_a_tag_that_stands_for_the_same_takes_one_question(registry: InMemoryRegistry) -> None:
    digest = keep(registry, "old")
    client, tag = talk_to(registry.address, name=NAME), Reference.parse("python:3")

    check = check_image(client, tag, AMD64, known=digest, source="pin")

    assert (check.state, check.old, check.new, check.hint) == ("current", digest, digest, "")
    assert [r.method for r in registry.requests(path_contains="/manifests/")] == ["HEAD"]


def test_a_tag_that_moved_shows_both_digests_and_when_they_were_made(
    registry: InMemoryRegistry,
) -> None:
    old, new = keep(registry, "old", created=86_400), keep(registry, "new", created=172_800)
    client, tag = talk_to(registry.address, name=NAME), Reference.parse("python:3")

    check = check_image(client, tag, AMD64, known=old, source="pin")

    assert (check.state, check.old, check.new) == ("newer", old, new)
    assert (check.old_created, check.new_created) == (86_400, 172_800)
    assert "lamina lock --only base --upgrade" in check.hint


def test_an_old_image_that_the_registry_has_dropped_has_no_date(
    registry: InMemoryRegistry,
) -> None:
    keep(registry, "new", created=172_800)
    client, tag = talk_to(registry.address, name=NAME), Reference.parse("python:3")

    check = check_image(client, tag, AMD64, known=ONE, source="store")

    assert (check.state, check.old_created, check.new_created) == ("newer", 0, 172_800)
    assert "lamina build --pull" in check.hint


def test_with_nothing_to_compare_nothing_is_newer(registry: InMemoryRegistry) -> None:
    digest = keep(registry, "old")
    client, tag = talk_to(registry.address, name=NAME), Reference.parse("python:3")

    check = check_image(client, tag, AMD64, known=None, source="")

    assert (check.state, check.old, check.new) == ("unknown", None, digest)


def test_a_tag_that_is_gone_is_an_error(registry: InMemoryRegistry) -> None:
    client, tag = talk_to(registry.address, name=NAME), Reference.parse("python:3")

    with pytest.raises(ImageError, match=r"there is no 3 in .*bases/python any more"):
        check_image(client, tag, AMD64, known=ONE, source="pin")


def system_package(name: str, version: str) -> SystemPackage:
    return SystemPackage(name=name, version=version, digest=ONE, size=1)


def debian_package(name: str, version: str) -> DebianPackage:
    return DebianPackage(
        name=name,
        version=version,
        architecture="amd64",
        archive="toy/main",
        path=f"pool/{name}.deb",
        size=1,
        sha256=ONE.hex,
        control="",
    )


KNOWN = BaseImage(
    reference="debian:toy",
    platform=AMD64,
    digest=ONE,
    python="3.11",
    python_full="3.11.2",
    interpreter="/usr/bin/python3.11",
    glibc=(2, 36),
    packages=(system_package("libc6", "2.36-9"), system_package("tzdata", "2024a")),
    system_packages=(system_package("ffmpeg", "5.1"),),
)
NOW = DebianSelection(
    suite="toy",
    version_id="12",
    architecture="amd64",
    python="3.11",
    glibc="2.36",
    base=(debian_package("libc6", "2.36-9"), debian_package("tzdata", "2024a")),
    system=(debian_package("ffmpeg", "5.1"),),
)


def test_equal_packages_are_up_to_date() -> None:
    check = check_packages(KNOWN, NOW)

    assert (check.state, check.packages, check.changes, check.hint) == ("current", 3, (), "")


def test_packages_that_changed_came_or_went_are_named_with_their_versions() -> None:
    now = replace(
        NOW,
        base=(debian_package("libc6", "2.36-9+deb12u1"), debian_package("netbase", "6.4")),
    )

    check = check_packages(KNOWN, now)

    assert check.state == "newer"
    assert check.changes == (
        Change(name="libc6", old="2.36-9", new="2.36-9+deb12u1"),
        Change(name="netbase", old="", new="6.4"),
        Change(name="tzdata", old="2024a", new=""),
    )


def test_what_cannot_be_compared_is_not_newer() -> None:
    assert fixed("scratch", AMD64).state == "fixed"
    assert no_packages("debian:toy", AMD64).state == "unknown"
