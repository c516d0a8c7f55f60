"""Where a pipeline gets Lamina: from where it was installed from, if others can."""

import json

import pytest

from lamina.scaffold.installed import is_pinned, is_word, requirement_of

_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_HASH = "ab" * 32
_PLACE = "https://git.example.com/team/lamina"


def test_a_repository_is_taken_at_its_commit() -> None:
    found = {"url": _PLACE, "vcs_info": {"vcs": "git", "commit_id": _COMMIT}}

    assert requirement_of(json.dumps(found)) == f"lamina @ git+{_PLACE}@{_COMMIT}"


def test_an_archive_is_taken_with_its_hash() -> None:
    found = {"url": f"{_PLACE}.whl", "archive_info": {"hashes": {"sha256": _HASH}}}

    assert requirement_of(json.dumps(found)) == f"lamina @ {_PLACE}.whl#sha256={_HASH}"


@pytest.mark.parametrize(
    "found",
    [
        "",  # from an index
        json.dumps({"url": "file:///src/lamina", "dir_info": {"editable": True}}),
        json.dumps({"url": "file:///a.whl", "archive_info": {"hashes": {"sha256": _HASH}}}),
        json.dumps({"url": f"{_PLACE}.whl", "archive_info": {}}),
        json.dumps({"url": "file:///l", "vcs_info": {"vcs": "git", "commit_id": _COMMIT}}),
        "[]",
        "{",
    ],
)
def test_no_name_is_ever_guessed(found: str) -> None:
    """Whoever registers a name that is free in an index runs code where it is installed."""
    assert requirement_of(found) == ""


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("lamina==1.0", True), (f"git+{_PLACE}@{_COMMIT}", True), ("./lamina.whl", True), ("", True),
     ("-r x.txt", False), ("a\nb", False), ("${{ secrets.X }}", False)],
)  # fmt: skip
def test_what_pip_or_a_pipeline_would_take_for_something_else_is_refused(
    text: str, *, is_one: bool
) -> None:
    assert is_word(text) is is_one


@pytest.mark.parametrize(
    ("text", "answer"),
    [(f"lamina @ git+{_PLACE}@{_COMMIT}", True), (f"{_PLACE}.whl#sha256={_HASH}", True),
     ("acme-lamina==1.0", True), ("lamina", False), ("lamina>=1", False),
     (f"git+{_PLACE}@main", False), (f"{_PLACE}.whl", False)],
)  # fmt: skip
def test_what_may_change_by_itself_is_known(text: str, *, answer: bool) -> None:
    assert is_pinned(text) is answer
