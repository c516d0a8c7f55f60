"""A layer is read back strictly: what readers understand differently is refused."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lamina.errors import ArchiveError
from lamina.layer.decompress import Limits
from lamina.layer.entries import LayerReader, Member


def tar(*members: tuple[tarfile.TarInfo, bytes], format_: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def info(name: str, kind: bytes = tarfile.REGTYPE, **fields: Any) -> tarfile.TarInfo:
    result = tarfile.TarInfo(name)
    result.type = kind
    for field, value in fields.items():
        setattr(result, field, value)
    return result


def read(data: bytes, **limits: int) -> list[tuple[Member, bytes]]:
    reader = LayerReader(io.BytesIO(data), limits=Limits(**limits))
    return [(member, b"".join(reader.chunks())) for member in reader]


def with_checksum(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_files_directories_links_and_devices_come_back_as_written() -> None:
    data = tar(
        (info("usr", tarfile.DIRTYPE, mode=0o755), b""),
        (info("usr/a", mode=0o4755, uid=7, gid=8, mtime=-5), b"hello"),
        (info("b", tarfile.SYMTYPE, linkname="../usr/a"), b""),
        (info("c", tarfile.LNKTYPE, linkname="usr/a"), b""),
        (info("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3), b""),
    )

    members = read(data)

    assert [m.kind for m, _ in members] == ["directory", "file", "symlink", "hardlink", "character"]
    assert members[1] == (
        Member(path="usr/a", kind="file", mode=0o4755, uid=7, gid=8, mtime=-5, size=5),
        b"hello",
    )
    assert (members[2][0].target, members[3][0].target) == ("../usr/a", "usr/a")
    assert members[4][0].device == (1, 3)


@pytest.mark.parametrize("format_", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_links_and_numbers_are_read_in_both_spellings(format_: int) -> None:
    name, link = "d/" * 60 + "\u00fcmlaut", "t" * 300
    first = info(name, uid=3_000_000_000, mtime=2**40)
    data = tar((first, b"x"), (info("l", tarfile.SYMTYPE, linkname=link), b""), format_=format_)

    (one, _), (two, _) = read(data)

    assert (name, 3_000_000_000, 2**40) == (one.path, one.uid, one.mtime)
    assert link == two.target


def test_extended_attributes_are_kept_as_they_are() -> None:
    marked = info("ping")
    marked.pax_headers = {"SCHILY.xattr.user.note": "kept", "mtime": "1.5"}

    ((member, _),) = read(tar((marked, b"")))

    assert member.xattrs == {"user.note": b"kept"}
    assert member.mtime == 1


def test_a_whiteout_says_what_it_removes() -> None:
    data = tar((info("a/.wh.b"), b""), (info("a/.wh..wh..opq"), b""))

    (one, _), (two, _) = read(data)

    assert (one.removes, one.is_opaque_marker) == ("a/b", False)
    assert (two.removes, two.is_opaque_marker) == (None, True)


def test_gzip_of_many_members_is_one_stream() -> None:
    plain = tar((info("a"), b"x" * 5000))
    data = b"".join(gzip.compress(plain[i : i + 700]) for i in range(0, len(plain), 700))

    ((member, content),) = read(data)

    assert (member.path, content) == ("a", b"x" * 5000)


def test_content_that_is_not_read_is_skipped() -> None:
    data = tar((info("a"), b"x" * 999_999), (info("b"), b"y"))

    paths = [member.path for member in LayerReader(io.BytesIO(data))]

    assert paths == ["a", "b"]


def test_an_empty_layer_has_no_members() -> None:
    assert read(bytes(1024)) == []


def test_dots_and_doubled_slashes_in_names_are_cleaned() -> None:
    data = tar((info("./", tarfile.DIRTYPE), b""), (info("./usr//bin/./x"), b""))

    assert [member.path for member, _ in read(data)] == ["", "usr/bin/x"]


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "a/../../x", "a/.wh.", "n" * 256, "d/" * 2100 + "x"]
)
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(ArchiveError, match="name"):
        read(tar((info(name), b"")))


def test_a_hard_link_that_leaves_the_root_is_refused() -> None:
    with pytest.raises(ArchiveError, match="cannot be"):
        read(tar((info("a", tarfile.LNKTYPE, linkname="../../etc/passwd"), b"")))


def test_a_file_that_comes_twice_is_refused_and_a_directory_is_not() -> None:
    twice = tar((info("d", tarfile.DIRTYPE), b""), (info("d", tarfile.DIRTYPE), b""))

    assert len(read(twice)) == 2
    with pytest.raises(ArchiveError, match="twice"):
        read(tar((info("a"), b"1"), (info("a"), b"2")))
    with pytest.raises(ArchiveError, match="twice"):
        read(tar((info("a"), b"1"), (info("a", tarfile.DIRTYPE), b"")))


def test_a_pax_size_that_contradicts_the_header_is_refused() -> None:
    smuggler = info("a")
    smuggler.pax_headers = {"size": "1024"}

    with pytest.raises(ArchiveError, match="two sizes"):
        read(tar((smuggler, b"12345")))


def test_sparse_files_and_unknown_pax_records_are_refused() -> None:
    for key in ("GNU.sparse.major", "realtime.size", "linkPATH"):
        odd = info("a")
        odd.pax_headers = {key: "1"}
        with pytest.raises(ArchiveError, match="PAX record"):
            read(tar((odd, b"")))


def test_a_global_header_may_comment_but_not_rename() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", pax_headers={"comment": "c0ffee"}) as archive:
        archive.addfile(info("a"))
    bad = io.BytesIO()
    with tarfile.open(fileobj=bad, mode="w", pax_headers={"path": "b"}) as archive:
        archive.addfile(info("a"))

    assert [member.path for member, _ in read(out.getvalue())] == ["a"]
    with pytest.raises(ArchiveError, match="for all members"):
        read(bad.getvalue())


def test_content_on_what_is_no_file_is_refused() -> None:
    block = bytearray(info("a", tarfile.SYMTYPE, linkname="b").tobuf()[:512])
    block[124:136] = b"00000001000\0"

    with pytest.raises(ArchiveError, match="no file"):
        read(with_checksum(block) + bytes(512 * 3))


def test_an_unknown_kind_is_refused() -> None:
    block = bytearray(info("a").tobuf()[:512])
    block[156:157] = b"S"

    with pytest.raises(ArchiveError, match="unknown kind"):
        read(with_checksum(block) + bytes(1024))


@pytest.mark.parametrize("at", [0, 148, 257, 600])
def test_a_flipped_byte_in_a_header_is_refused(at: int) -> None:
    data = bytearray(tar((info("a"), b"x")))
    data[at] ^= 0x41

    with pytest.raises(ArchiveError):
        read(bytes(data))


def test_data_behind_the_end_and_in_padding_is_refused() -> None:
    plain = tar((info("a"), b"x"))

    with pytest.raises(ArchiveError, match="behind its end"):
        read(plain + b"hidden")
    with pytest.raises(ArchiveError, match="empty block"):
        read(plain[:1024] + bytes(512) + plain)


@pytest.mark.parametrize("keep", [100, 512, 700, 1024, 1536])
def test_a_layer_that_is_cut_short_is_refused(keep: int) -> None:
    with pytest.raises(ArchiveError, match="cut short"):
        read(tar((info("a"), b"x" * 20))[:keep])


def test_broken_gzip_is_refused() -> None:
    good = gzip.compress(tar((info("a"), b"x" * 5000)))
    wrong_crc = bytearray(good)
    wrong_crc[-5] ^= 1

    for data in (good[:-9], bytes(wrong_crc), good + b"trailing junk"):
        with pytest.raises(ArchiveError, match="decompress"):
            read(data)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(bytes(90 << 20), 9)
    layer = gzip.compress(info("zeros", size=8 << 30).tobuf()) + bomb

    with pytest.raises(ArchiveError, match="plausible"):
        read(layer)


def test_too_many_members_are_refused() -> None:
    with pytest.raises(ArchiveError, match="more than 2 members"):
        read(tar(*((info(str(n)), b"") for n in range(4))), members=2)


def test_a_disk_failure_is_not_blamed_on_the_layer(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, f"Input/output error at {size}", str(tmp_path))

    with pytest.raises(OSError, match="Input/output"):
        LayerReader(Broken())
