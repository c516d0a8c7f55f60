"""A layer is one gzipped tar with two digests, whatever its parts came as."""

import gzip
import hashlib
import io
import random
import tarfile
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.errors import ArchiveError, InputError
from lamina.layer.compress import compress
from lamina.layer.gzip_members import stored
from lamina.layer.inflate import inflate
from lamina.layer.write import LayerWriter
from lamina.oci import media_type
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry
from tests.faults.raw_zip import deflate
from tests.support.toys import tree

MIB = 1 << 20


class Layering:
    """A writer and the file that it writes to."""

    def __init__(self, **options: Any) -> None:
        self.file = io.BytesIO()
        self.writer = LayerWriter(self.file, **options)

    def splice(self, path: str, data: bytes, *, pieces: int = 0, **options: Any) -> Digest:
        packed = deflate(data)
        step = pieces or len(packed)
        return self.writer.splice(
            Entry(path=path),
            [packed[n : n + step] for n in range(0, len(packed), step)],
            **{"size": len(data), "crc": zlib.crc32(data), **options},
        )

    def tar(self) -> bytes:
        """Finish, check both digests, and return the tar."""
        layer, _ = self.writer.finish(created_by="test")
        blob = self.file.getvalue()
        plain = gzip.decompress(blob)
        assert layer.descriptor.digest.hex == hashlib.sha256(blob).hexdigest()
        assert layer.descriptor.size == len(blob)
        assert layer.diff_id.hex == hashlib.sha256(plain).hexdigest()
        assert layer.descriptor.media_type == media_type.LAYER_GZIP
        return plain


def test_added_and_spliced_files_and_links_come_back() -> None:
    layering = Layering()

    layering.writer.add(Entry(path="a/b", data=b"hello", mode=0o755))
    layering.splice("a/c", b"spliced" * 100)
    layering.writer.add(Entry(path="a/l", kind="symlink", target="b", mode=0o777))
    layering.writer.add(Entry(path="a/e", kind="directory", mode=0o700))

    assert tree([layering.tar()]) == {
        "a": ("directory", 0o755, b""),
        "a/b": ("file", 0o755, b"hello"),
        "a/c": ("file", 0o644, b"spliced" * 100),
        "a/l": ("symlink", 0o777, b"b"),
        "a/e": ("directory", 0o700, b""),
    }


def test_parents_come_once_and_before_their_children() -> None:
    layering = Layering()
    for path in ("x/y/z/1", "x/y/2", "x/3"):
        layering.splice(path, b"data")

    with tarfile.open(fileobj=io.BytesIO(layering.tar())) as archive:
        names = archive.getnames()

    assert names == ["x", "x/y", "x/y/z", "x/y/z/1", "x/y/2", "x/3"]


def test_the_deflate_stream_goes_in_as_it_is() -> None:
    layering = Layering()
    data = b"".join(b"line %d\n" % n for n in range(999))

    layering.splice("a", data)
    layering.tar()

    assert deflate(data) in layering.file.getvalue()


def test_an_empty_layer_is_an_empty_tar() -> None:
    assert Layering().tar() == bytes(1024)


def test_the_digest_of_each_file_is_returned_and_kept() -> None:
    layering = Layering()

    added = layering.writer.add(Entry(path="a", data=b"one"), owner="toy 1.0")
    spliced = layering.splice("b", b"two", owner="toy 1.0")

    _, contents = layering.writer.finish(created_by="test")
    assert [(i.path, i.size, i.digest, i.owner) for i in contents.items] == [
        ("a", 3, hashlib.sha256(b"one").hexdigest(), "toy 1.0"),
        ("b", 3, hashlib.sha256(b"two").hexdigest(), "toy 1.0"),
    ]
    assert (added.hex, spliced.hex) == tuple(i.digest for i in contents.items)


def test_another_hasher_sees_the_same_bytes() -> None:
    layering, also = Layering(), hashlib.sha512()

    layering.splice("a", b"x" * 5000, also=also)

    assert also.digest() == hashlib.sha512(b"x" * 5000).digest()


@pytest.mark.parametrize(
    "size",
    [0, 1, 511, 512, 513, 65_536, MIB - 1, MIB, MIB + 1, MIB + 259, MIB + 7000, 3 * MIB, 5 * MIB],
)
@pytest.mark.parametrize("step", [0, 1000, 7])
@pytest.mark.parametrize("kind", ["zeros", "noise", "text"])
def test_any_size_around_the_windows_is_spliced(size: int, step: int, kind: str) -> None:
    """Output may wait in the inflater when the last byte of input is read; it must not get lost."""
    noise = random.Random(size).randbytes(min(size, 200_000))
    text = b"".join(b"%d, " % n for n in range(2000))
    data = {"zeros": bytes(size), "noise": noise, "text": (text * (size // len(text) + 1))[:size]}

    layering = Layering()
    layering.splice("a", data[kind], pieces=step)

    assert tree([layering.tar()])["a"][2] == data[kind]


@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=400), repeat=st.integers(1, 9000), level=st.integers(0, 9))
def test_any_deflate_stream_is_inflated_as_zlib_does(data: bytes, repeat: int, level: int) -> None:
    content = data * repeat
    packed = deflate(content, level)

    pieces = inflate([packed], size=len(content), crc=zlib.crc32(content), where="")

    assert b"".join(pieces) == content


def test_stored_blocks_are_spliced() -> None:
    layering = Layering()
    data = b"stored" * 50_000

    layering.writer.splice(
        Entry(path="a"),
        [stored(data[:100_000], last=False), stored(data[100_000:], last=True)],
        size=len(data),
        crc=zlib.crc32(data),
    )

    assert tree([layering.tar()])["a"][2] == data


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        ({"size": 4}, "longer"), ({"size": 6}, "damaged"), ({"crc": 1}, "damaged"),
        ({"size": 0}, "longer"), ({"size": 0, "crc": 0}, "longer"),
    ],
)  # fmt: skip
def test_a_stream_that_is_not_what_it_should_be_is_refused(lie: dict[str, int], says: str) -> None:
    with pytest.raises(ArchiveError, match=says) as caught:
        Layering().splice("a", b"hello", where="toy.whl, 'a'", **lie)

    assert caught.value.where == "toy.whl, 'a'"


@pytest.mark.parametrize("tail", [b"\0", b"x", b"hidden" * 99])
@pytest.mark.parametrize("is_apart", [False, True])
@pytest.mark.parametrize("data", [b"", b"hello", bytes(MIB)], ids=["empty", "short", "window"])
def test_bytes_behind_a_stream_are_refused(
    data: bytes,
    tail: bytes,
    is_apart: bool,  # noqa: FBT001 - a parameter
) -> None:
    packed = [deflate(data), tail] if is_apart else [deflate(data) + tail]

    with pytest.raises(ArchiveError, match=r"damaged|inflated"):
        list(inflate(packed, size=len(data), crc=zlib.crc32(data), where=""))


@pytest.mark.parametrize("data", [b"", b"hello" * 99], ids=["empty", "short"])
def test_a_stream_cut_short_is_refused(data: bytes) -> None:
    packed = deflate(data)

    for keep in range(len(packed)):
        with pytest.raises(ArchiveError, match="damaged"):
            list(inflate([packed[:keep]], size=len(data), crc=zlib.crc32(data), where=""))


def test_paths_that_come_twice_with_other_bytes_are_refused_together_with_both_owners() -> None:
    layering = Layering()
    layering.splice("a/b", b"one", owner="one 1.0")
    layering.splice("a/c", b"one", owner="one 1.0")
    layering.splice("a/b", b"two", owner="two 2.0")
    layering.writer.add(Entry(path="a/c", data=b"two"), owner="two 2.0")

    with pytest.raises(InputError) as caught:
        layering.writer.finish(created_by="test")

    assert caught.value.what == "2 paths have two owners with different contents"
    assert caught.value.why == (
        "/a/b comes from one 1.0 and from two 2.0\n/a/c comes from one 1.0 and from two 2.0"
    )
    assert caught.value.hint


def test_of_equal_files_the_one_that_may_be_executed_is_not_lost() -> None:
    """The first is in the layer already: either it may be executed, or the second may not."""
    kept, lost = Layering(), Layering()
    for layering, modes in ((kept, (0o755, 0o644)), (lost, (0o644, 0o755))):
        for owner, mode in zip(("one 1.0", "two 2.0"), modes, strict=True):
            layering.writer.add(Entry(path="a", data=b"same", mode=mode), owner=owner)

    assert tree([kept.tar()]) == {"a": ("file", 0o755, b"same")}
    with pytest.raises(InputError, match="different modes") as caught:
        lost.tar()
    assert caught.value.why == (
        "/a comes from one 1.0 and from two 2.0, only one of which may be executed"
    )


def test_an_equal_file_of_another_owner_is_written_once() -> None:
    layering = Layering()
    layering.splice("a", b"same" * 999, owner="one 1.0")
    layering.splice("a", b"same" * 999, owner="two 2.0")
    layering.writer.add(Entry(path="a", data=b"same" * 999), owner="three 3.0")
    layering.writer.add(Entry(path="b", data=b"next"), owner="three 3.0")

    assert tree([layering.tar()]) == {
        "a": ("file", 0o644, b"same" * 999),
        "b": ("file", 0o644, b"next"),
    }


def test_one_owner_may_not_bring_a_path_twice() -> None:
    layering = Layering()
    layering.splice("a", b"same", owner="one 1.0")

    with pytest.raises(ArchiveError, match="twice"):
        layering.splice("a", b"same", owner="one 1.0")


def test_a_folder_may_come_again_with_the_same_mode_only() -> None:
    layering = Layering()
    layering.writer.add(Entry(path="d", kind="directory", mode=0o755))
    layering.writer.add(Entry(path="d", kind="directory", mode=0o755))

    with pytest.raises(ArchiveError, match="twice"):
        layering.writer.add(Entry(path="d", kind="directory", mode=0o700))

    assert tree([layering.tar()]) == {"d": ("directory", 0o755, b"")}


def test_a_file_is_not_a_folder_whichever_comes_first() -> None:
    layering = Layering()
    layering.splice("file", b"x", owner="one 1.0")
    layering.splice("folder/inside", b"x", owner="one 1.0")

    with pytest.raises(ArchiveError, match="/file is a file") as below:
        layering.splice("file/inside", b"x", owner="two 2.0")
    layering.splice("folder", b"x", owner="two 2.0")
    with pytest.raises(InputError, match="two owners") as above:
        layering.tar()

    assert below.value.why == "they come from one 1.0 and from two 2.0"
    assert above.value.why == "/folder comes from one 1.0 and from two 2.0"


def test_how_the_rest_is_compressed_does_not_change_the_tar() -> None:
    plain, packed = Layering(), Layering(encode=compress)
    for layering in (plain, packed):
        layering.writer.add(Entry(path="a", data=b"text " * 40_000))
        layering.splice("b", b"more " * 40_000)

    assert plain.tar() == packed.tar()
    assert len(packed.file.getvalue()) < len(plain.file.getvalue())


@pytest.mark.slow
def test_a_huge_file_passes_through_little_memory() -> None:
    """120 MB inflated and 30 MB packed stay below 16 MB of memory."""
    block = random.Random(1).randbytes(MIB // 4) + bytes(MIB * 3 // 4)
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    pieces = [packer.compress(block) for _ in range(120)] + [packer.flush()]
    crc = 0
    for _ in range(120):
        crc = zlib.crc32(block, crc)

    class Sink(io.BytesIO):
        def write(self, data: Any, /) -> int:
            return len(data)

    def replay() -> Iterator[bytes]:
        yield from pieces

    tracemalloc.start()
    writer = LayerWriter(Sink())
    writer.splice(Entry(path="big"), replay(), size=120 * MIB, crc=crc)
    writer.finish(created_by="test")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 16 * MIB
