"""What a base's tag stands for is found however it is written, and is used."""

import pytest

from lamina.errors import UsageError
from lamina.oci.digest import Digest
from lamina.project.base_pin import (
    BasePin,
    find_pin,
    moving_tag,
    pinned,
    registry_reference,
    stale_pins,
)

ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
PYTHON = BasePin(reference="python:3.12-slim", digest=ONE)
OTHER = BasePin(reference="registry.example.com/bases/python:3", digest=TWO)
FIXED = f"python:3.12-slim@{TWO}"


def test_a_pinned_tag_is_resolved_by_its_digest() -> None:
    assert pinned("python:3.12-slim", [OTHER, PYTHON]) == f"python:3.12-slim@{ONE}"


@pytest.mark.parametrize(
    "base", ["debian:bookworm", "ubuntu:noble", "scratch", "scratch:3.12", "oci:dir:name", FIXED]
)
def test_what_does_not_move_is_resolved_as_it_is(base: str) -> None:
    """Also where a pin has the same name: a digest in the settings is the user's own word."""
    assert pinned(base, [PYTHON]) == base
    assert moving_tag(base) is None


@pytest.mark.parametrize(
    ("base", "written"),
    [
        ("python", "python:latest"),
        ("docker.io/library/python:3.12-slim", "python:3.12-slim"),
        ("python:3.12-slim", "docker.io/library/python:3.12-slim"),
    ],
)
def test_a_pin_is_found_however_the_name_is_written(base: str, written: str) -> None:
    pin = BasePin(reference=written, digest=ONE)

    assert find_pin(base, [pin]) == pin
    assert stale_pins(base, [pin]) == ""


def test_a_pin_of_another_base_is_no_pin_and_is_warned_of() -> None:
    assert pinned("python:3.13", [PYTHON]) == "python:3.13"
    assert stale_pins("python:3.13", [PYTHON]) == (
        "lamina.lock.toml pins python:3.12-slim, and the base is python:3.13: "
        "the base changed, so run `lamina lock`"
    )
    assert stale_pins("python:3.13", []) == ""


def test_a_name_that_no_base_can_have_is_an_error_with_the_ways_to_write_one() -> None:
    with pytest.raises(UsageError, match="'Not A Name' is not a base") as caught:
        registry_reference("Not A Name")

    assert "debian:SUITE" in str(caught.value.hint)
