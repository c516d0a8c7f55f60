"""A zip's directory, compared with zipfile; tests/faults has the hostile ones."""

import io
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.errors import ArchiveError, StoreError
from lamina.layer.zip_directory import DEFLATED, STORED, Member, ZipDirectory

pytestmark = pytest.mark.slow

NAMES = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=30
)
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=300), max_size=8)


class Pipe(io.BytesIO):
    """A stream that cannot go back, so that zipfile writes data descriptors."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation(f"seek {offset} {whence}")

    def tell(self) -> int:
        raise io.UnsupportedOperation("tell")


def content(zip_: ZipDirectory, member: Member) -> bytes:
    packed = b"".join(zip_.packed(member))
    return packed if member.method == STORED else zlib.decompress(packed, -15)


def listed(path: Path) -> list[tuple[str, bytes]]:
    with ZipDirectory(path) as zip_:
        return [(member.name, content(zip_, member)) for member in zip_.members]


@settings(deadline=None, max_examples=100)
@given(
    contents=CONTENTS,
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    is_pipe=st.booleans(),
    force_zip64=st.booleans(),
)
def test_what_zipfile_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    contents: dict[str, bytes],
    method: int,
    is_pipe: bool,  # noqa: FBT001 - hypothesis passes it
    force_zip64: bool,  # noqa: FBT001
) -> None:
    """Stored and deflated, with sizes before or behind the data, with and without zip64."""
    out = Pipe() if is_pipe else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in contents.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=force_zip64) as file:
                file.write(data)
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    path.write_bytes(out.getvalue())

    assert listed(path) == list(contents.items())


def test_members_come_in_the_order_of_their_bytes_with_modes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, mode in (("b", 0o100755), ("a", 0o100644)):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, name * 3)

    with ZipDirectory(path) as zip_:
        found = [(m.name, m.unix_mode, m.size, m.crc) for m in zip_.members]

    assert found == [
        ("b", 0o100755, 3, zlib.crc32(b"bbb")),
        ("a", 0o100644, 3, zlib.crc32(b"aaa")),
    ]


def test_a_large_member_comes_in_pieces(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("big", data)

    with ZipDirectory(path) as zip_:
        pieces = list(zip_.packed(zip_.members[0]))

    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 1 << 20
    assert len(pieces) > 4


def test_threads_may_read_one_zip_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    contents = {f"f{n}": bytes([n]) * (n * 1000) for n in range(40)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)

    with ZipDirectory(path) as zip_, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda m: content(zip_, m), zip_.members * 5))

    assert found == list(contents.values()) * 5


def test_names_in_the_old_code_page_are_read_as_zipfile_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xx", b"")
    path.write_bytes(path.read_bytes().replace(b"xx", b"\x81\xe1"))

    assert [name for name, _ in listed(path)] == ["\u00fc\u00df"]
    assert zipfile.ZipFile(path).namelist() == ["\u00fc\u00df"]


@pytest.mark.parametrize("count", [0, 65_534, 65_535, 65_536])
def test_any_number_of_members_around_the_limit_of_16_bits_is_read(
    count: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")

    with ZipDirectory(path) as zip_:
        assert len(zip_.members) == count


def test_a_file_that_cannot_be_opened_is_the_stores_problem(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        ZipDirectory(tmp_path / "none")


def test_messages_call_the_file_by_the_name_given(tmp_path: Path) -> None:
    path = tmp_path / "0123.whl"
    path.write_bytes(b"nothing")

    with pytest.raises(ArchiveError) as caught:
        ZipDirectory(path, name="toy-1.0-py3-none-any.whl")

    assert caught.value.where == "toy-1.0-py3-none-any.whl"


def test_deflated_is_what_zipfile_calls_it() -> None:
    assert (STORED, DEFLATED) == (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
