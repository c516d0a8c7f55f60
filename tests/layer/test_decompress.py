"""A stream is read whatever it is compressed with; bombs and damage are refused."""

import gzip
import io
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.layer.decompress import Decompressed, Limits
from lamina.layer.gzip_members import member


class Refused(Exception):  # noqa: N818 - what the caller raises
    """What the caller's function raises."""


def refuse(what: str) -> NoReturn:
    raise Refused(what)


def read(data: bytes, **limits: int) -> bytes:
    stream = Decompressed(io.BytesIO(data), limits=Limits(**limits), refuse=refuse)
    chunks = []
    while chunk := stream.read(100_000):
        chunks.append(chunk)
    return b"".join(chunks)


@settings(deadline=None, max_examples=60)
@given(parts=st.lists(st.binary(max_size=2000), min_size=1, max_size=6))
def test_plain_gzip_and_many_members_read_the_same(parts: list[bytes]) -> None:
    whole = b"tar" + b"".join(parts)

    assert read(whole) == whole
    assert read(gzip.compress(whole)) == whole
    assert read(gzip.compress(b"tar") + b"".join(map(member, parts))) == whole
    assert read(gzip.compress(b"tar") + b"".join(map(gzip.compress, parts))) == whole


def test_an_empty_stream_is_empty() -> None:
    assert read(b"") == b""


@pytest.mark.parametrize("keep", [3, 12, -9, -4, -1])
def test_gzip_cut_short_is_refused(keep: int) -> None:
    with pytest.raises(Refused, match="decompress"):
        read(gzip.compress(b"hello" * 5000)[:keep])


def test_a_wrong_crc_and_bytes_behind_the_end_are_refused() -> None:
    good = gzip.compress(b"hello")

    with pytest.raises(Refused, match="decompress"):
        read(good[:-8] + bytes(4) + good[-4:])
    with pytest.raises(Refused, match="decompress"):
        read(good + b"hidden")


def test_a_bomb_is_refused_long_before_its_end() -> None:
    bomb = gzip.compress(bytes(80 << 20), 9)

    with pytest.raises(Refused, match="plausible"):
        read(bomb)


def test_zeros_within_reason_are_no_bomb() -> None:
    assert len(read(gzip.compress(bytes(60 << 20), 9))) == 60 << 20


def test_the_total_is_limited() -> None:
    with pytest.raises(Refused, match="plausible"):
        read(b"x" * 2000, size=1999)
    assert len(read(b"x" * 2000, size=2000)) == 2000


def test_a_failing_disk_is_not_the_layers_fault() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 0:
                raise OSError(5, "Input/output error")
            return super().read(size)

    stream = Decompressed(
        Broken(gzip.compress(bytes(range(256)) * 9999)), limits=Limits(), refuse=refuse
    )

    with pytest.raises(OSError, match="Input/output"):
        list(iter(lambda: stream.read(1000), b""))
