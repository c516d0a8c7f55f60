"""A requirements file is read as pip reads it, or refused with its lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import LockError
from lamina.lock.requirements import parse_requirements, read_requirements

HASH = "sha256:" + "a" * 64
OTHER = "sha512:" + "b" * 128


def parse(text: str) -> list[tuple[str, tuple[str, ...], int, bool]]:
    lines = parse_requirements(text.encode(), name="requirements.txt")
    return [(str(x.requirement), x.hashes, x.line, x.is_pinned) for x in lines]


def test_a_pinned_line_names_one_version_and_its_hashes() -> None:
    text = f"# made by hand\n\nnumpy==1.26.4 \\\n    --hash={HASH} \\\n    --hash {OTHER}\n"

    assert parse(text) == [("numpy==1.26.4", (HASH, OTHER), 3, True)]


@pytest.mark.parametrize(
    ("line", "is_pinned"),
    [
        (f"a==1 --hash={HASH}", True),
        (f"a===1 --hash={HASH}", True),
        (f"a==1; python_version > '3' --hash={HASH}", True),
        (f"a @ https://x.example/a-1-py3-none-any.whl --hash={HASH}", True),
        ("a==1", False),
        (f"a==1.* --hash={HASH}", False),
        (f"a>=1 --hash={HASH}", False),
        (f"a==1,!=2 --hash={HASH}", False),
        (f"a --hash={HASH}", False),
        ("a @ https://x.example/a-1-py3-none-any.whl", False),
    ],
)
def test_a_line_is_pinned_by_an_exact_version_or_address_with_hashes(
    line: str, *, is_pinned: bool
) -> None:
    ((_, _, _, found),) = parse(line)

    assert found is is_pinned


def test_index_options_are_left_to_uv() -> None:
    text = "--index-url https://x.example\n-i https://x\n-f ./wheels\n--pre\n--require-hashes\na\n"

    assert parse(text) == [("a", (), 6, False)]


def test_comments_byte_order_marks_and_any_line_ends_are_understood() -> None:
    text = "\ufeffa==1  # why\r\n\r\n  # all of it\r\nb @ https://x.example/b.zip#frag\r\nc==2 \\"

    assert [(name, line) for name, _, line, _ in parse(text)] == [
        ("a==1", 1),
        ("b @ https://x.example/b.zip#frag", 4),
        ("c==2", 5),
    ]


def test_every_line_that_cannot_be_read_is_reported_at_once() -> None:
    text = f"-r other.txt\na==1\n-e .\nb==\nc --hash=md5:1\nd --hash={HASH} --config x\n"

    with pytest.raises(LockError) as caught:
        parse(text)

    assert str(caught.value) == "5 lines of requirements.txt cannot be read"
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == [
        f"requirements.txt, line {number}" for number in (1, 3, 4, 5, 6)
    ]
    assert caught.value.problems[0].endswith("the option '-r' is not supported in a lock")
    assert caught.value.problems[3].endswith("'md5:1' is not a SHA-256, SHA-384 or SHA-512 hash")


def test_a_marker_nested_without_end_is_refused() -> None:
    with pytest.raises(LockError) as caught:
        parse("a; " + "(" * 20_000)

    assert caught.value.problems[0].startswith("requirements.txt, line 1: ")


def test_bytes_that_are_not_text_are_refused_with_their_place() -> None:
    with pytest.raises(LockError, match=r"requirements\.txt, byte 3: the file is not UTF-8"):
        parse_requirements(b"a\n\n\xff", name="requirements.txt")


def test_a_file_that_is_away_or_too_large_is_named(tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate((16 << 20) + 1)

    with pytest.raises(LockError, match="cannot read: No such file"):
        read_requirements(tmp_path / "away.txt")
    with pytest.raises(LockError, match="larger than"):
        read_requirements(large)


@given(
    st.binary(max_size=80)
    | st.text(alphabet="ab=<>!~;,@[]()'\" \\\n#-.*1:/hs", max_size=80).map(str.encode)
    | st.lists(
        st.sampled_from(
            ["a", "==1", " \\\n", f" --hash={HASH}", "; ", "os_name", " == 'x'", " and ", "[x]",
             "@ http://[", "#", "\n", " --hash=", "~=1", "\0", "é"]
        ), max_size=8,
    ).map(lambda parts: "".join(parts).encode())
)  # fmt: skip
def test_any_bytes_are_requirements_or_are_refused(data: bytes) -> None:
    try:
        lines = parse_requirements(data, name="requirements.txt")
    except LockError:
        return

    assert all(line.line >= 1 for line in lines)
