"""What does not come compressed is compressed into one plain gzip member."""

import gzip
import re
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.layer.compress import compress, compressor


@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=5000))
def test_gzip_reads_what_was_compressed(data: bytes) -> None:
    packed = compress(data)

    assert gzip.decompress(packed) == data
    assert packed[:10] == bytes.fromhex("1f8b08000000000000ff")


def test_equal_data_gives_equal_bytes_and_repetition_is_cheap() -> None:
    data = b"the same line\n" * 10_000

    assert compress(data) == compress(data)
    assert len(compress(data)) < 1000


def test_the_compressor_is_named_by_what_it_makes() -> None:
    """What zlib and zlib-ng write differs, so the name is a digest of output, not a version."""
    assert re.fullmatch(r"deflate-[0-9a-f]{12}", compressor())
    assert compressor() == compressor()
    assert zlib.ZLIB_RUNTIME_VERSION not in compressor()
