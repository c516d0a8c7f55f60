"""Versions sort as dpkg sorts them."""

import contextlib
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.debian.version import satisfies, version_key
from lamina.errors import LaminaError

VERSIONS = st.from_regex(r"(?:[0-9]:)?[0-9][0-9a-z.+~]{0,6}(?:-[0-9a-z.+~]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("0~", "0"),
        ("1-0~", "1"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+"),
        ("9", "1:0"),
        ("2.36-9+deb12u9", "2.36-9+deb12u13"),
        ("1.0-1", "1.0-1.1"),
        ("1.0-1", "1.0-2-1"),
    ],
)
def test_versions_sort_as_in_deb_version_7(lower: str, higher: str) -> None:
    assert version_key(lower) < version_key(higher)
    assert satisfies(lower, "<<", higher)
    assert satisfies(higher, ">=", lower)


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0-0"), ("0:1", "1"), ("1.01", "1.1")])
def test_versions_can_be_equal_without_being_the_same_text(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


def test_a_version_with_more_digits_than_python_converts_is_compared() -> None:
    assert version_key("9" * 5000) < version_key("1" + "0" * 5000)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_compare_or_are_refused(one: str, other: str) -> None:
    with contextlib.suppress(LaminaError):
        assert (version_key(one) < version_key(other)) in (True, False)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is the oracle")
@settings(max_examples=100, deadline=None)
@given(VERSIONS, VERSIONS)
def test_dpkg_agrees(one: str, other: str) -> None:
    done = subprocess.run(
        ["dpkg", "--compare-versions", one, "lt", other], check=False, capture_output=True
    )

    assert (done.returncode == 0) == (version_key(one) < version_key(other))
