"""Which names may become paths in an image."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.errors import ArchiveError
from lamina.layer.safe_path import safe_path

ALPHABET = st.one_of(
    st.sampled_from([*"./\\:ab\0\n\x1b", ".wh.", "..", "C:"]),
    st.characters(blacklist_categories=["Cs"]),
)
NAMES = st.lists(ALPHABET, max_size=30).map("".join)


@settings(deadline=None, max_examples=200)
@given(name=NAMES)
def test_every_name_stays_inside_or_is_refused(name: str) -> None:
    """Whatever is accepted is a plain relative path that reaches nothing above its root."""
    try:
        accepted = safe_path(name, where="toy.whl")
    except ArchiveError:
        return

    parts = accepted.split("/")
    assert accepted == name == str(PurePosixPath(name))
    assert not PurePosixPath(name).is_absolute()
    assert not {"", ".", ".."} & set(parts)
    assert not any(part.startswith(".wh.") for part in parts)
    assert "\\" not in name
    assert all(ord(char) >= 32 for char in name)


@pytest.mark.parametrize(
    "name",
    [
        "a", "a/b.py", "..a", "a..", "...", ".hidden", "wh.", "a.wh.b", "-rf", "a b", " a", "a.",
        "\u00fcml\u00e4ut.txt", "\u65e5\u672c", "ab:c", "1:2", "con", "n" * 255,
        "/".join(["d" * 254] * 16),
    ],
)  # fmt: skip
def test_odd_names_that_linux_can_hold_are_kept(name: str) -> None:
    assert safe_path(name, where="") == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "empty or absolute"), ("/a", "absolute"), ("C:a", "absolute"), ("c:/a", "absolute"),
        ("..", "'..'"), ("../a", "'..'"), ("a/..", "'..'"), ("a/../b", "'..'"), (".", "'.'"),
        ("./a", "'.'"), ("a/.", "'.'"), ("a//b", "empty part"), ("a/", "empty part"),
        ("a\\b", "backslash"), ("a\0", "control"), ("a\nb", "control"), ("\x1b[2J", "control"),
        ("a\x7f", "control"), (".wh.a", "whiteout"), ("a/.wh..wh..opq", "whiteout"),
        ("a/.wh.", "whiteout"), ("n" * 256, "255 bytes"), ("\u00fc" * 128, "255 bytes"),
        ("d/" * 2048, "4095 bytes"),
    ],
)  # fmt: skip
def test_names_that_lie_or_leave_are_refused(name: str, says: str) -> None:
    with pytest.raises(ArchiveError, match=says):
        safe_path(name, where="")
