"""Pending security updates are read from the archive's security suite, or not called clean."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lamina.debian.sources import read_sources
from lamina.scan.debian_updates import SecuritySuite, scan_debian
from lamina.scan.finding import Outcome
from lamina.testing.debian_archive import ToyArchive, ToyPackage
from tests.scan.bench import ids, inventory_of
from tests.support.synthetic import Row, file

NOW = datetime(2026, 8, 2, tzinfo=UTC).timestamp()
RELEASE = file("etc/os-release", b'ID=debian\nVERSION_CODENAME="toy"\n')


def package(name: str, version: str, architecture: str = "amd64", status: str = "") -> str:
    state = f"Status: {status}\n" if status else ""
    return f"Package: {name}\n{state}Architecture: {architecture}\nVersion: {version}\n"


def status(*packages: str) -> Row:
    return file("var/lib/dpkg/status", "\n".join(packages).encode())


@pytest.fixture
def archive(tmp_path: Path) -> ToyArchive:
    toy = ToyArchive(tmp_path)
    toy.publish([ToyPackage(name="openssl", version="9")])
    fixed = [
        ToyPackage(name="openssl", version="3.0.9-1+deb12u2"),
        ToyPackage(name="tzdata", version="2026a-1", architecture="all"),
    ]
    toy.publish(fixed, suite="toy-security")
    toy.sources_file("toy", "toy-security")
    return toy


def suite(archive: ToyArchive, *, now: float = NOW) -> SecuritySuite:
    return SecuritySuite(
        sources=lambda: read_sources(archive.directory), fetch=archive.fetch, now=now
    )


def scan(archive: ToyArchive, *rows: Row) -> Outcome:
    return scan_debian(inventory_of(rows), suite(archive))


def test_what_the_security_suite_has_newer_is_pending(archive: ToyArchive) -> None:
    outcome = scan(
        archive,
        RELEASE,
        status(package("openssl", "3.0.9-1+deb12u1"), package("tzdata", "2025b-0", "all")),
    )

    assert ids(outcome) == ["debian/pending-update:openssl", "debian/pending-update:tzdata"]
    assert outcome.findings[0].text == (
        "pending security update of openssl: 3.0.9-1+deb12u1 is installed, "
        "3.0.9-1+deb12u2 is in toy-security/main"
    )


@pytest.mark.parametrize("version", ["3.0.9-1+deb12u2", "3.0.10-1", "1:1.0"])
def test_what_is_as_new_as_that_is_clean_and_says_that_this_is_not_all(
    archive: ToyArchive, version: str
) -> None:
    """The suite itself has version 9; only its security suite counts."""
    outcome = scan(archive, RELEASE, status(package("openssl", version)))

    assert outcome.state == "clean"
    assert outcome.coverage == (
        "1 packages of toy; partial: pending security updates only, not what has no fix yet"
    )


def test_an_image_without_dpkg_lists_its_packages_one_by_one(archive: ToyArchive) -> None:
    rows = [
        file("var/lib/dpkg/status.d/openssl", package("openssl", "3.0.1-1").encode()),
        file("var/lib/dpkg/status.d/openssl.md5sums", b"Package: no\nVersion: 1\n"),
    ]

    assert ids(scan(archive, RELEASE, *rows)) == ["debian/pending-update:openssl"]


def test_a_removed_package_is_not_installed(archive: ToyArchive) -> None:
    old = package("openssl", "3.0.1-1", status="deinstall ok config-files")
    other = package("bash", "5.2-1", status="install ok installed")

    assert ids(scan(archive, RELEASE, status(old, other))) == []


def test_packages_for_all_are_not_asked_for_where_there_is_no_such_index(
    archive: ToyArchive,
) -> None:
    """Debian's security suite names the index, and mirrors do not have it; apt never asks."""
    archive.publish(
        [ToyPackage(name="openssl", version="3.0.9-1+deb12u2")],
        suite="toy-security",
        release={"Architectures": "amd64 arm64", "No-Support-for-Architecture-all": ""},
    )

    scan(archive, RELEASE, status(package("openssl", "3.0.1-1")))

    assert not any("binary-all" in url for url in archive.fetched)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda toy: toy.files.clear(), "404"),
        (lambda toy: toy.sources_file("toy"), "no security suite of toy"),
        (lambda toy: toy.sources_file("other"), "no source for toy"),
        (lambda toy: _edit(toy, b"Date:", b"Dated:"), "no good signature"),
    ],
)
def test_an_archive_that_cannot_be_believed_leaves_it_not_scanned(
    archive: ToyArchive, spoil: Callable[[ToyArchive], object], says: str
) -> None:
    spoil(archive)

    outcome = scan(archive, RELEASE, status(package("openssl", "1-1")))

    assert outcome.state == "not scanned"
    assert says in outcome.reason


def test_offline_it_is_not_scanned() -> None:
    inventory = inventory_of([RELEASE, status(package("openssl", "1-1"))])

    assert scan_debian(inventory, None).reason.startswith("offline")


@pytest.mark.parametrize(
    ("rows", "state", "says"),
    [
        ([], "clean", "no packages of a distribution"),
        ([RELEASE], "not scanned", "is Debian and has no list of its packages"),
        ([file("etc/os-release", b"ID=alpine\n"), file("lib/apk/db/installed", b"P:musl\n")],
         "not scanned", "not Debian's"),
        ([file("etc/os-release", b"ID=fedora\n"), file("var/lib/rpm/rpmdb.sqlite", b"\0")],
         "not scanned", "not Debian's"),
        ([file("usr/lib/os-release", b"ID=wolfi\n")], "not scanned", "is wolfi"),
        ([status(package("openssl", "1-1"))], "not scanned", "which release"),
        ([file("etc/os-release", b"ID=debian\nVERSION_CODENAME=../../x\n"),
          status(package("openssl", "1-1"))], "not scanned", "which release"),
    ],
)  # fmt: skip
def test_an_image_that_has_no_such_packages_is_clean_only_if_it_has_none(
    archive: ToyArchive, rows: list[Row], state: str, says: str
) -> None:
    outcome = scan(archive, *rows)

    assert outcome.state == state
    assert says in f"{outcome.reason}{outcome.coverage}"


def test_a_version_that_is_none_is_no_traceback(archive: ToyArchive) -> None:
    outcome = scan(archive, RELEASE, status(package("openssl", "a:b:c")))

    assert outcome.state == "not scanned"


def _edit(toy: ToyArchive, old: bytes, new: bytes) -> None:
    for url, data in toy.files.items():
        if url.endswith("InRelease"):
            toy.files[url] = data.replace(old, new)
