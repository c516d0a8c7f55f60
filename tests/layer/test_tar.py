"""Tar headers, as tarfile and GNU tar read them."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.errors import ArchiveError
from lamina.layer import tar
from lamina.layer.entries import LayerReader

KINDS = {
    tar.FILE: tarfile.REGTYPE,
    tar.DIRECTORY: tarfile.DIRTYPE,
    tar.SYMLINK: tarfile.SYMTYPE,
    tar.HARD_LINK: tarfile.LNKTYPE,
}
PARTS = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=70
).filter(lambda part: part not in {".", ".."} and not part.startswith(".wh."))
PATHS = st.lists(PARTS, min_size=1, max_size=6).map("/".join)


def first(data: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = archive.next()
    assert found is not None
    return found


@settings(deadline=None, max_examples=200)
@given(
    path=PATHS,
    kind=st.sampled_from(sorted(KINDS)),
    mode=st.integers(0, 0o7777),
    size=st.integers(0, 1 << 45),
    target=PATHS,
)
def test_any_header_is_read_by_tarfile_as_it_was_meant(
    path: str, kind: bytes, mode: int, size: int, target: str
) -> None:
    size = size if kind == tar.FILE else 0
    target = target if kind in {tar.SYMLINK, tar.HARD_LINK} else ""

    header = tar.header(path, kind=kind, mode=mode, size=size, target=target)

    info = first(header + tar.END)
    assert (info.name, info.type, info.mode) == (path, KINDS[kind], mode)
    assert (info.size, info.linkname) == (size, target)
    assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")
    assert info.mtime == tar.MTIME
    assert len(header) % tar.BLOCK == 0


@settings(deadline=None, max_examples=100)
@given(path=PATHS, kind=st.sampled_from(sorted(KINDS)), mode=st.integers(0, 0o7777))
def test_our_own_reader_agrees_with_tarfile(path: str, kind: bytes, mode: int) -> None:
    target = "t" * 120 if kind in {tar.SYMLINK, tar.HARD_LINK} else ""
    data = tar.header(path, kind=kind, mode=mode, target=target) + tar.END

    (member,) = LayerReader(io.BytesIO(data))

    info = first(data)
    assert (member.path, member.mode, member.target) == (info.name, info.mode, info.linkname)


@pytest.mark.parametrize("length", [1, 99, 100, 101, 155, 156, 157, 255, 256, 257, 300])
@pytest.mark.parametrize("kind", [tar.FILE, tar.DIRECTORY], ids=["file", "directory"])
def test_names_of_every_length_around_the_limits_come_back(length: int, kind: bytes) -> None:
    flat = "n" * length
    deep = ("d" * 9 + "/") * (length // 10) + "n" * (length % 10 or 1)

    for name in (flat, deep):
        assert first(tar.header(name, kind=kind) + tar.END).name == name


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 8**11 - 1, 8**11, 1 << 50])
def test_sizes_of_every_length_around_the_limits_come_back(size: int) -> None:
    assert first(tar.header("a", size=size) + tar.END).size == size


def test_a_short_name_costs_one_block_and_a_long_one_a_pax_header() -> None:
    assert len(tar.header("a" * 100)) == 512
    assert len(tar.header("a" * 101)) == 3 * 512


@pytest.mark.parametrize("size", range(0, 1026, 57))
def test_padding_fills_the_last_block(size: int) -> None:
    assert (size + len(tar.padding(size))) % 512 == 0
    assert len(tar.padding(size)) < 512


def test_a_name_that_is_not_utf8_keeps_its_bytes() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")

    header = tar.header(name)

    assert header.startswith(b"caf\xe9\0")
    assert first(header + tar.END).name == name


def test_a_nul_in_a_name_or_a_target_is_refused() -> None:
    with pytest.raises(ArchiveError, match="NUL"):
        tar.header("a\0b")
    with pytest.raises(ArchiveError, match="NUL"):
        tar.header("a", kind=tar.SYMLINK, target="b\0")


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar program")
def test_gnu_tar_lists_and_extracts_what_we_write(tmp_path: Path) -> None:
    long = "d" * 90 + "/" + "\u00fcber-" * 30
    data = (
        tar.header("d", kind=tar.DIRECTORY, mode=0o755)
        + tar.header("d/a", size=5, mode=0o755) + b"hello" + tar.padding(5)
        + tar.header("d/link", kind=tar.SYMLINK, mode=0o777, target="x" * 150)
        + tar.header("d/same", kind=tar.HARD_LINK, target="d/a")
        + tar.header(long, size=2) + b"ok" + tar.padding(2)
        + tar.END
    )  # fmt: skip
    (tmp_path / "a.tar").write_bytes(data)

    done = subprocess.run(
        ["tar", "-xf", "a.tar"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stderr == ""
    assert (tmp_path / "d/a").read_text() == "hello"
    assert (tmp_path / "d/a").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "d/a").stat().st_ino == (tmp_path / "d/same").stat().st_ino
    assert (tmp_path / "d/a").stat().st_mtime == 315_532_800
    assert (tmp_path / "d/link").readlink() == Path("x" * 150)
    assert (tmp_path / long).read_text() == "ok"
