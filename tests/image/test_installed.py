"""What is installed is read under every name that a layer gives a file."""

import io

import pytest

from lamina.image.installed import Installed, installed
from tests.support.synthetic import Row, file, gone, link, tar_of

_METADATA = b"Metadata-Version: 2.1\nName: toy\nVersion: 1\n"
_SITE = "usr/lib/python3/site-packages"


def read(*layers: list[Row]) -> Installed:
    return installed(io.BytesIO(tar_of(rows)) for rows in layers)


def names(*layers: list[Row]) -> list[str]:
    return [f"{one.name} {one.version} {one.path}" for one in read(*layers).found]


@pytest.mark.parametrize(
    "name", ["toy-1.dist-info/METADATA", "toy.egg-info", "toy-1-py3.11.egg/EGG-INFO/PKG-INFO"]
)
def test_a_hard_link_makes_metadata_of_a_file_that_is_called_otherwise(name: str) -> None:
    text, path = file("srv/m.txt", _METADATA), f"{_SITE}/{name}"
    rows = [text, link("srv/n.txt", "srv/m.txt", is_hard=True)]
    last = link(path, "srv/n.txt", is_hard=True)

    assert names([*rows, last]) == [f"toy 1 {path}"]
    assert names(rows, [last]) == [f"toy 1 {path}"]
    assert names([*rows, last], [gone("srv")]) == [f"toy 1 {path}"]
    assert names([*rows, last], [gone(path)]) == []


def test_metadata_of_a_lower_layer_gets_another_name() -> None:
    first = file(f"{_SITE}/toy-1.dist-info/METADATA", _METADATA)
    second = link("opt/toy-1.dist-info/METADATA", first[0].name, is_hard=True)

    assert names([first], [second]) == [f"toy 1 {name[0].name}" for name in (second, first)]


def test_a_list_of_packages_is_read_through_a_link() -> None:
    status = b"Package: libc6\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\n"
    rows = [file("srv/s", status), link("var/lib/dpkg/status", "srv/s", is_hard=True)]

    assert [package.name for package in read(rows).packages] == ["libc6"]


def test_another_name_of_what_was_not_read_is_said() -> None:
    rows = [file("srv/a", b"text"), link("a.dist-info/METADATA", "srv/a", is_hard=True)]

    assert read(rows).notes == (
        "/a.dist-info/METADATA is another name of a file that was not read",
    )


def test_an_egg_is_installed() -> None:
    path = f"{_SITE}/toy-1-py3.11.egg/EGG-INFO/PKG-INFO"

    assert names([file(path, _METADATA)]) == [f"toy 1 {path}"]
