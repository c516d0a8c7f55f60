"""An object is read while it passes by, without being kept."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.elf.needs import Needs, parse
from lamina.elf.tap import Incomplete, Tap, needs_of
from lamina.errors import ArchiveError

REAL = [path.resolve() for path in Path("/usr/lib/x86_64-linux-gnu").glob("libst*.so.*")]


def feed(data: bytes, size: int, tap: Tap | None = None) -> Needs | Incomplete | None:
    tap = tap or Tap()
    for start in range(0, len(data), size):
        tap.feed(data[start : start + size])
    return tap.result()


@pytest.mark.parametrize("size", [1, 7, 64, 100, 65536])
def test_the_size_of_chunks_does_not_matter(make_elf: Callable[..., bytes], size: int) -> None:
    data = make_elf(needed=["libc.so.6"], requires={"libc.so.6": ["GLIBC_2.17"]}, soname="me.so")

    assert feed(data, size) == parse(lambda offset, length: data[offset : offset + length])


@pytest.mark.parametrize("path", REAL, ids=lambda p: p.name)
def test_real_objects_give_the_same_as_random_access(path: Path) -> None:
    data = path.read_bytes()

    assert feed(data, 65536) == parse(lambda offset, length: data[offset : offset + length])


def test_tables_at_the_end_of_a_large_object_are_found(make_elf: Callable[..., bytes]) -> None:
    """Patchelf, and so auditwheel, moves them there."""
    result = feed(make_elf(needed=["libc.so.6"], gap=40 << 20), 1 << 20)

    assert isinstance(result, Needs)
    assert result.needed == ("libc.so.6",)


def test_tables_in_the_middle_of_a_large_object_are_asked_for(
    make_elf: Callable[..., bytes],
) -> None:
    data = make_elf(needed=["libc.so.6"], gap=20 << 20, spread=20 << 20)

    first = feed(data, 1 << 20)

    assert isinstance(first, Incomplete)
    second = feed(data, 1 << 20, Tap(keep=first.ranges))
    assert isinstance(second, Needs)
    assert second.needed == ("libc.so.6",)


def test_a_large_object_is_not_held(make_elf: Callable[..., bytes]) -> None:
    tap = Tap()
    tap.feed(make_elf(needed=["libc.so.6"]))

    for _ in range(200):
        tap.feed(bytes(1 << 20))

    assert sum(len(chunk) for _, chunk in (*tap._chunks, *tap._tail)) < 20 << 20


def test_other_files_are_not_kept_at_all() -> None:
    tap = Tap()
    for chunk in (b"PK\x03\x04", bytes(1 << 20)):
        tap.feed(chunk)

    assert tap.result() is None
    assert tap._chunks == []


def test_a_malformed_object_needs_nothing(make_elf: Callable[..., bytes]) -> None:
    assert feed(make_elf(needed=["x"])[:150], 64) is None


def test_names_in_the_middle_of_a_large_string_table_are_found(
    make_elf: Callable[..., bytes],
) -> None:
    """Generated and C++ libraries have string tables of many megabytes."""
    data = make_elf(needed=["libc.so.6"], requires={"libc.so.6": ["GLIBC_2.17"]}, symbols=24 << 20)
    pieces = [data[n : n + (1 << 20)] for n in range(0, len(data), 1 << 20)]

    found = needs_of(feed(data, 1 << 20), lambda: pieces, where="big.so")

    assert found == parse(lambda offset, length: data[offset : offset + length])
    assert found is not None
    assert found.needed == ("libc.so.6",)
    assert found.requires[0].versions == ("GLIBC_2.17",)


def test_what_cannot_be_found_out_is_an_error_and_not_taken_for_nothing(
    make_elf: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamina.elf.tap._KEEP_ALL", 1 << 20)  # less than its tables would take
    data = make_elf(needed=["libc.so.6"], symbols=24 << 20)
    pieces = [data[n : n + (1 << 20)] for n in range(0, len(data), 1 << 20)]

    with pytest.raises(ArchiveError, match="all over it") as caught:
        needs_of(feed(data, 1 << 20), lambda: pieces, where="big.so")

    assert caught.value.where == "big.so"
