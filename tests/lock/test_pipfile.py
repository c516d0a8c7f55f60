"""What Pipfile.lock pins, in the form that Pipenv writes."""

import json
from typing import Any

import pytest

from lamina.errors import LockError
from lamina.lock.pins import Choice, Pins
from lamina.lock.target import Target
from lamina.lock.tools import pins_of
from lamina.oci.platform import Platform

TARGET = Target(
    platform=Platform("linux", "amd64"), python="3.11", python_full="3.11.2", glibc=(2, 36)
)
A = "sha256:" + "a" * 64


def row(version: str, **members: Any) -> dict[str, Any]:
    return {"hashes": [A], "version": f"=={version}", **members}


def pins(default: dict[str, Any], *groups: str, **categories: Any) -> Pins:
    sources = [
        {"name": "pypi", "url": "https://public.example/simple", "verify_ssl": True},
        {"name": "house", "url": "https://house.example/simple", "verify_ssl": True},
    ]
    document = {"_meta": {"pipfile-spec": 6, "sources": sources}, "default": default, **categories}
    return pins_of(json.dumps(document), Choice(groups=groups), TARGET, "Pipfile.lock")


def test_packages_are_installed_where_their_markers_hold() -> None:
    found = pins(
        {
            "IDNA": row("3.20", index="pypi", markers="python_version >= '3.9'"),
            "colorama": row("0.4.6", markers="sys_platform == 'win32'"),
        }
    )

    assert found.text == f"idna==3.20 --hash={A}\n"


def test_categories_come_when_they_are_chosen() -> None:
    categories = {"develop": {"pytest": row("9")}, "train": {"six": row("1")}}

    assert len(pins({}, **categories).lines) == 0
    assert pins({}, "dev", **categories).lines == (f"pytest==9 --hash={A}",)
    assert pins({}, "train", **categories).lines == (f"six==1 --hash={A}",)


def test_another_index_than_the_usual_one_is_asked_where_the_lock_names_it() -> None:
    assert pins({"a": row("1", index="pypi")}).indexes == ()
    assert pins({"a": row("1", index="house")}).indexes == ("https://house.example/simple",)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"git": "https://x.example/a", "ref": "1"}, "it is a git source"),
        ({"path": ".", "editable": True}, "it is a path source"),
        ({"version": "==1"}, "has no hash"),
        ({"hashes": [A]}, "a has no version"),
        ({"version": "==1", "hashes": 3}, "not iterable"),
        ({"version": "==1", "hashes": [f"{A}\n-r /etc/other"]}, "has no hash"),
    ],
)
def test_what_has_no_file_with_a_hash_is_refused_by_name(
    members: dict[str, Any], problem: str
) -> None:
    with pytest.raises(LockError) as caught:
        pins({"a": members})

    (found,) = caught.value.problems
    assert found.startswith("Pipfile.lock, default: a: ")
    assert problem in found


@pytest.mark.parametrize("text", ["", "{", "[]", '{"default": []}', '{"_meta": {"sources": 1}}'])
def test_a_malformed_lock_is_refused(text: str) -> None:
    with pytest.raises(LockError, match=r"Pipfile\.lock"):
        pins_of(text, Choice(), TARGET, "Pipfile.lock")
