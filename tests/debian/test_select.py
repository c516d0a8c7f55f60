"""A selection follows from signed files alone, and holds what the packages need and no more."""

import json

import pytest
from pysequoia import Tsk

from lamina.debian.archives import archive_key, archives_of
from lamina.debian.select import SelectRequest, debs, select
from lamina.debian.selection import DebianSelection
from lamina.debian.sources import read_sources
from lamina.errors import (
    ImageError,
    IntegrityError,
    LaminaError,
    LockError,
    NetworkError,
    ProjectError,
)
from lamina.testing.debian_archive import ToyArchive, ToyPackage, minimal_base

from .conftest import NOW, Select

INRELEASE = "http://archive.invalid/debian/dists/toy/InRelease"


def toy(name: str, version: str = "1.0-1", **fields: str) -> ToyPackage:
    named = {key.replace("_", "-"): value for key, value in fields.items()}
    return ToyPackage(name=name, version=version, fields=named)


def added(selection: DebianSelection) -> list[str]:
    return [package.name for package in selection.system]


def test_the_base_is_the_same_whatever_is_asked_for_on_top(choose: Select) -> None:
    plain = choose()
    extended = choose("more", of=[toy("more", Depends="libc6, extra"), toy("extra")])

    assert [p.name for p in plain.base] == [p.name for p in extended.base]
    assert added(plain) == []
    assert added(extended) == ["extra", "more"]


def test_a_selection_knows_python_glibc_and_the_release(choose: Select) -> None:
    selection = choose()

    assert (selection.python, selection.glibc, selection.version_id) == ("3.11", "2.36", "12")
    assert selection.notes == ("no security source for toy: its packages may have known holes",)


def test_a_selection_survives_json_and_holds_no_host_name(choose: Select) -> None:
    selection = choose()

    assert DebianSelection.from_json(selection.to_json()) == selection
    assert "archive.invalid" not in selection.to_json()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"base": 1}', "[" * 100_000])
def test_json_that_is_no_selection_is_refused(text: str) -> None:
    with pytest.raises(LockError):
        DebianSelection.from_json(text)


def test_json_with_a_path_out_of_the_archive_is_refused(choose: Select) -> None:
    value = json.loads(choose().to_json())
    value["base"][0]["path"] = "../../etc/passwd"

    with pytest.raises(LockError):
        DebianSelection.from_json(json.dumps(value))


def test_the_first_alternative_is_taken_unless_another_is_there_anyway(choose: Select) -> None:
    packages = [toy("one"), toy("two"), toy("app", Depends="one | two"), toy("b", Depends="two")]

    assert added(choose("app", of=packages)) == ["app", "one"]
    assert added(choose("app", "b", of=packages)) == ["app", "b", "two"]


def test_a_virtual_package_is_met_by_its_most_important_provider(choose: Select) -> None:
    packages = [
        toy("app", Depends="mail-agent"),
        toy("a-mta", Provides="mail-agent", Priority="extra"),
        toy("z-mta", Provides="mail-agent", Priority="standard"),
    ]

    assert added(choose("app", of=packages)) == ["app", "z-mta"]


def test_a_version_is_met_only_by_a_versioned_provides(choose: Select) -> None:
    packages = [
        toy("app", Depends="api (>= 2)"),
        toy("a-unversioned", Provides="api"),
        toy("b-old", Provides="api (= 1)"),
        toy("c-right", Provides="api (= 2)"),
    ]

    assert added(choose("app", of=packages)) == ["app", "c-right"]


def test_any_is_met_only_by_a_package_that_allows_it(choose: Select) -> None:
    packages = [toy("app", Depends="interp:any"), toy("interp")]
    allowed = [packages[0], toy("interp", Multi_Arch="allowed")]

    with pytest.raises(ImageError, match="interp:any"):
        choose("app", of=packages)
    assert added(choose("app", of=allowed)) == ["app", "interp"]


def test_what_only_serves_maintainer_scripts_is_left_out(choose: Select) -> None:
    packages = [toy("app", Depends="debconf (>= 0.5) | debconf-2.0, adduser"), toy("adduser")]

    assert added(choose("app", of=packages)) == ["app"]


def test_an_ignored_edge_is_still_followed_from_elsewhere(choose: Select) -> None:
    """Libpython's edge to libdb is for a module that is pruned; another's is real."""
    packages = [toy("libdb5.3"), toy("libjack", Depends="libdb5.3")]

    assert added(choose("libjack", of=packages)) == ["libdb5.3", "libjack"]


def test_a_package_kept_for_its_data_comes_whole_when_another_needs_it(choose: Select) -> None:
    selection = choose("app", of=[toy("app", Depends="libc-bin")])

    assert [(p.name, p.whole) for p in selection.system] == [("app", True), ("libc-bin", True)]
    assert ("libc-bin", False) in [(p.name, p.whole) for p in selection.base]


@pytest.mark.parametrize("field", ["Conflicts", "Breaks"])
def test_packages_that_conflict_are_refused(choose: Select, field: str) -> None:
    packages = [toy("one", **{field: "two (<< 2)"}), toy("two")]

    with pytest.raises(ImageError) as caught:
        choose("one", "two", of=packages)

    assert caught.value.why == "one conflicts with two"


def test_a_dependency_that_no_source_has_is_named_with_its_chain(choose: Select) -> None:
    packages = [toy("app", Depends="lib"), toy("lib", Depends="gone (>= 3)")]

    with pytest.raises(ImageError, match=r"lib needs gone \(>= 3\)") as caught:
        choose("app", of=packages)

    assert caught.value.why == "lib <- app"


def test_an_unknown_package_is_refused_with_a_close_match(choose: Select) -> None:
    with pytest.raises(ProjectError, match="ffmpg") as caught:
        choose("ffmpg", of=[toy("ffmpeg")])

    assert caught.value.hint == "did you mean ffmpeg?"


def test_a_virtual_package_asked_for_by_name_needs_one_provider(choose: Select) -> None:
    one, two = toy("one", Provides="thing"), toy("two", Provides="thing")

    assert added(choose("thing", of=[one])) == ["one"]
    with pytest.raises(ProjectError, match="virtual"):
        choose("thing", of=[one, two])


def test_the_highest_version_over_all_suites_wins(archive: ToyArchive, choose: Select) -> None:
    archive.publish([toy("libc6", "2.36-9+deb12u2")], suite="toy-security")
    archive.sources_file("toy", "toy-security")

    selection = choose()

    (libc,) = (package for package in selection.base if package.name == "libc6")
    assert (libc.version, libc.archive) == ("2.36-9+deb12u2", "toy-security/main")
    assert selection.notes == ()


def test_backports_are_left_out(archive: ToyArchive, choose: Select) -> None:
    release = {"NotAutomatic": "yes"}
    archive.publish([toy("libc6", "9.9-1")], suite="toy-updates", release=release)
    archive.sources_file("toy", "toy-updates")

    assert choose().glibc == "2.36"


def test_a_third_party_that_uses_the_suites_name_is_left_out(
    archive: ToyArchive, choose: Select
) -> None:
    archive.publish([toy("libc6", "9.9-1")], suite="toy-updates", release={"Origin": "Vendor"})
    archive.sources_file("toy", "toy-updates")

    assert choose().glibc == "2.36"


def test_indexes_are_fetched_by_their_hash(archive: ToyArchive, choose: Select) -> None:
    choose()

    assert [url for url in archive.fetched if "/by-hash/SHA256/" in url]
    assert not [url for url in archive.fetched if url.endswith("Packages.xz")]


def test_another_suite_of_the_distribution_needs_no_source_of_its_own(
    archive: ToyArchive, choose: Select
) -> None:
    archive.sources_file("toy", "toy-security")
    for suite in ("next", "next-security"):
        archive.publish(minimal_base(), suite=suite)

    assert choose(suite="next").suite == "next"


def test_a_suite_that_the_host_does_not_have_is_refused_with_those_it_has(choose: Select) -> None:
    with pytest.raises(ProjectError) as caught:
        choose(suite="elsewhere")

    assert caught.value.hint is not None
    assert "toy" in caught.value.hint


def test_an_architecture_that_the_release_lacks_is_refused(archive: ToyArchive) -> None:
    archive.publish(minimal_base(), release={"Architectures": "amd64"})
    request = SelectRequest(suite="toy", architecture="arm64")

    with pytest.raises(ProjectError, match="toy for arm64"):
        select(request, read_sources(archive.directory), archive.fetch, lambda: NOW)


def test_trusted_yes_is_refused(archive: ToyArchive, choose: Select) -> None:
    path = archive.directory / "etc/apt/sources.list.d/toy.sources"
    path.write_text(archive.sources_file() + "Trusted: yes\n")

    with pytest.raises(ProjectError, match="trusted=yes") as caught:
        choose()

    assert caught.value.where == f"{path}:1"


def test_an_address_that_cannot_be_read_is_named_with_its_line(archive: ToyArchive) -> None:
    path = archive.directory / "etc/apt/sources.list.d/a.list"
    path.write_text("\ndeb cdrom:[Toy]/ toy main\n")

    with pytest.raises(ProjectError, match="cdrom") as caught:
        archives_of(read_sources(archive.directory), "toy", "amd64")

    assert caught.value.where == f"{path}:2"


def test_a_changed_inrelease_is_refused(archive: ToyArchive, choose: Select) -> None:
    archive.files[INRELEASE] = archive.files[INRELEASE].replace(b"Version: 12.1", b"Version: 13.1")

    with pytest.raises(IntegrityError, match="no good signature"):
        choose()


def test_an_unsigned_release_is_refused(archive: ToyArchive, choose: Select) -> None:
    archive.files[INRELEASE] = b"Origin: Debian\nSuite: toy\n"

    with pytest.raises(IntegrityError, match="no good signature"):
        choose()


def test_a_release_signed_with_an_unknown_key_is_refused(
    archive: ToyArchive, choose: Select
) -> None:
    archive.publish(minimal_base(), key=Tsk.generate("Somebody <else@archive.invalid>"))

    with pytest.raises(IntegrityError, match="no good signature"):
        choose()


def test_a_fingerprint_limits_the_keys_that_count(archive: ToyArchive, choose: Select) -> None:
    text = archive.sources_file()
    path = archive.directory / "etc/apt/sources.list.d/toy.sources"
    path.write_text(text.replace("/usr/share/keyrings/toy.asc", "A" * 40))
    folder = archive.directory / "etc/apt/trusted.gpg.d"
    folder.mkdir()
    (folder / "toy.asc").write_bytes(archive.keyring.read_bytes())

    with pytest.raises(ProjectError, match="no key"):
        choose()


def test_text_around_the_signed_block_is_not_read(archive: ToyArchive, choose: Select) -> None:
    forged = b"Origin: Debian\nSuite: toy\nVersion: 66.6\n\n"
    archive.files[INRELEASE] = forged + archive.files[INRELEASE] + b"\n" + forged

    assert choose().version_id == "12"


def test_two_signed_blocks_are_refused(archive: ToyArchive, choose: Select) -> None:
    archive.files[INRELEASE] *= 2

    with pytest.raises(IntegrityError, match="no good signature"):
        choose()


@pytest.mark.parametrize("hashes", ["", "\n abc 1 main/binary-amd64/Packages.xz"])
def test_a_release_without_sha256_is_refused(
    archive: ToyArchive, choose: Select, hashes: str
) -> None:
    archive.publish(minimal_base(), release={"SHA256": hashes})

    with pytest.raises(LaminaError) as caught:
        choose()

    assert "SHA-256" in str(caught.value) or "is not a hash" in str(caught.value)


def test_a_release_of_another_suite_is_refused(archive: ToyArchive, choose: Select) -> None:
    archive.publish(minimal_base(), release={"Suite": "old", "Codename": "old"})

    with pytest.raises(IntegrityError, match="answered with old when asked for toy"):
        choose()


def test_an_expired_release_is_refused_unless_the_source_says_not_to_look(
    archive: ToyArchive, choose: Select
) -> None:
    archive.publish(minimal_base(), release={"Valid-Until": "Sat, 08 Aug 2026 12:00:00 UTC"})

    with pytest.raises(IntegrityError, match="expired"):
        choose()

    path = archive.directory / "etc/apt/sources.list.d/toy.sources"
    path.write_text(archive.sources_file() + "Check-Valid-Until: no\n")
    assert choose().python == "3.11"


def test_a_release_older_than_the_one_seen_before_is_refused(
    archive: ToyArchive, choose: Select
) -> None:
    ((_, date),) = choose().released
    request = SelectRequest(suite="toy", architecture="amd64")
    sources = read_sources(archive.directory)
    seen = {archive_key(sources[0]): date + 1}

    with pytest.raises(IntegrityError, match="back in time"):
        select(request, sources, archive.fetch, lambda: NOW, seen=seen)


def test_a_changed_packages_file_is_refused(archive: ToyArchive, choose: Select) -> None:
    for url in archive.files:
        if "Packages" in url or "by-hash" in url:
            archive.files[url] = archive.files[url][:-1] + b"\0"

    with pytest.raises(IntegrityError, match="not the file that the archive signed"):
        choose()


def test_a_packages_file_of_another_size_is_refused(archive: ToyArchive, choose: Select) -> None:
    for url in archive.files:
        if "by-hash" in url:
            archive.files[url] += b"\0"

    with pytest.raises(IntegrityError, match="wrong size"):
        choose()


def test_a_changed_package_is_refused(archive: ToyArchive, choose: Select) -> None:
    selection = choose()
    for url in archive.files:
        if url.endswith(".deb"):
            archive.files[url] = archive.files[url][:-1] + b"\0"

    with pytest.raises(IntegrityError, match="not the file that the archive signed"):
        debs(selection, read_sources(archive.directory), archive.fetch)


def test_an_archive_that_cannot_be_reached_is_an_error_of_the_outside(
    archive: ToyArchive, choose: Select
) -> None:
    del archive.files[INRELEASE]

    with pytest.raises(NetworkError):
        choose()


def test_an_archive_without_the_architecture_is_done_without_where_another_has_it(
    archive: ToyArchive, choose: Select
) -> None:
    """Ubuntu's main archive names arm64 in its Release and does not carry it; its ports do."""
    path = archive.directory / "etc/apt/sources.list.d/other.sources"
    path.write_text(archive.sources_file().replace("/debian", "/gone"))

    assert choose().python == "3.11"
