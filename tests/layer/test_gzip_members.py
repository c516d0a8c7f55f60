"""Gzip members made without compressing, as zlib and gzip read them."""

import gzip
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.layer import gzip_members, tar

RUNS = st.lists(
    st.tuples(st.sampled_from([b"\0", b"0", b"a", b"\x8f", b"\x90", b"\xff"]), st.integers(0, 800)),
    max_size=8,
).map(lambda runs: b"".join(byte * count for byte, count in runs))
ANY = st.one_of(st.binary(max_size=3000), RUNS)


@settings(deadline=None, max_examples=200)
@given(data=ANY)
def test_packed_data_is_what_zlib_unpacks(data: bytes) -> None:
    inflater = zlib.decompressobj(-15)

    unpacked = inflater.decompress(gzip_members._packed(data))

    assert unpacked == data
    assert inflater.eof
    assert inflater.unused_data == b""


@pytest.mark.parametrize("byte", [b"\0", b"0"], ids=["NUL", "zero"])
def test_runs_of_every_length_unpack(byte: bytes) -> None:
    for length in (*range(600), 4096, 65_535, 65_536):
        data = b"x" + byte * length + b"\xfe"
        assert zlib.decompress(gzip_members._packed(data), -15) == data


def test_every_byte_has_its_code() -> None:
    data = bytes(range(256)) * 2

    assert zlib.decompress(gzip_members._packed(data), -15) == data


@settings(deadline=None, max_examples=100)
@given(data=ANY)
def test_a_member_is_what_gzip_unpacks(data: bytes) -> None:
    assert gzip.decompress(gzip_members.member(data)) == data


@settings(deadline=None, max_examples=50)
@given(parts=st.lists(ANY, max_size=5))
def test_members_one_after_the_other_are_one_file(parts: list[bytes]) -> None:
    whole = b"".join(map(gzip_members.member, parts))

    assert gzip.decompress(whole) == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, 65_534, 65_535, 65_536, 65_537, 131_070, 131_071, 300_000])
def test_stored_blocks_of_every_size_unpack(size: int) -> None:
    data = bytes(n * 7 % 251 for n in range(size))

    whole = gzip_members.stored(data, last=True)
    halves = gzip_members.stored(data[: size // 2], last=False) + gzip_members.stored(
        data[size // 2 :], last=True
    )

    assert zlib.decompress(whole, -15) == data
    assert zlib.decompress(halves, -15) == data
    assert len(whole) == size + 5 * max(1, -(-size // 65_535))


def test_a_member_has_no_name_no_time_and_no_system() -> None:
    data = gzip_members.member(b"hello")

    assert data[:10] == bytes.fromhex("1f8b08000000000000ff")
    assert data[-8:] == zlib.crc32(b"hello").to_bytes(4, "little") + b"\5\0\0\0"


def test_the_length_in_a_trailer_wraps_at_4_gib() -> None:
    assert gzip_members.trailer(1, (1 << 32) + 5) == b"\1\0\0\0\5\0\0\0"


def test_a_tar_header_is_packed_to_a_fraction() -> None:
    """Fixed codes and runs take a header of 512 bytes to less than 150."""
    assert len(gzip_members._packed(tar.header("usr/lib/python3/x.py", size=12_345))) < 150


def test_the_gzip_program_accepts_many_members(tmp_path: Path) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(gzip_members.member(b"one\n") + gzip_members.member(b"\0" * 70_000))

    done = subprocess.run(["gzip", "-dc", file], capture_output=True, check=True)

    assert done.stdout == b"one\n" + b"\0" * 70_000
    assert done.stderr == b""
