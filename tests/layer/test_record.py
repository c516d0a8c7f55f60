"""RECORD, read strictly and written as csv and importlib.metadata read it."""

import base64
import csv
import hashlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.errors import ArchiveError
from lamina.layer.record import RecordRow, new_hasher, read_record, write_record
from lamina.oci.digest import Digest

PATHS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40)


def code(data: bytes, algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, data).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@settings(deadline=None, max_examples=100)
@given(contents=st.dictionaries(PATHS, st.binary(max_size=20), max_size=6))
def test_what_is_written_is_read_back_by_csv_and_by_us(contents: dict[str, bytes]) -> None:
    contents.pop("x/RECORD", None)
    rows = [(path, Digest.of(data), len(data)) for path, data in contents.items()]

    text = write_record(rows, record="x/RECORD").decode()

    expected = [[path, code(data), str(len(data))] for path, data in contents.items()]
    assert list(csv.reader(io.StringIO(text))) == [*expected, ["x/RECORD", "", ""]]
    assert read_record(text, where="") == {
        **{p: RecordRow("sha256", hashlib.sha256(d).digest(), len(d)) for p, d in contents.items()},
        "x/RECORD": RecordRow("", b"", None),
    }


def test_commas_and_quotes_in_paths_are_quoted() -> None:
    text = write_record([('a,"b".py', Digest.of(b""), 0)], record="R")

    assert text.startswith(b'"a,""b"".py",sha256=')
    assert text.endswith(b"\nR,,\n")


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_strong_hashes_are_read(algorithm: str) -> None:
    row = read_record(f"a,{code(b'hello', algorithm)},5\n", where="")["a"]
    hasher = new_hasher(row) or hashlib.sha256()
    hasher.update(b"hello")

    assert (row.algorithm, row.size) == (algorithm, 5)
    assert hasher.digest() == row.digest


def test_hash_and_size_may_be_absent_and_lines_may_end_in_crlf() -> None:
    assert read_record("a,,\r\n\r\nb,,7\r\n", where="") == {
        "a": RecordRow("", b"", None),
        "b": RecordRow("", b"", 7),
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a,md5=abc,1", "too weak"), ("a,sha1=abc,1", "too weak"), ("a,abc,1", "too weak"),
        ("a,shake_128=abc,1", "too weak"), ("a,sha256=\u00fc,1", "malformed"),
        ("a,sha256=abcde,1", "malformed"), ("a,,x", "malformed"), ("a", "malformed"),
        ("a,b,c,d", "malformed"), ('"a,,', "not CSV"), ("b,,", "doubled"),
    ],
)  # fmt: skip
def test_a_malformed_line_is_refused_by_its_number(line: str, says: str) -> None:
    with pytest.raises(ArchiveError, match=says) as caught:
        read_record(f"b,,\n{line}\n", where="toy.whl, RECORD")

    assert str(caught.value.where).startswith("toy.whl, RECORD")
    assert says == "not CSV" or str(caught.value.where).endswith("line 2")
