"""Packages are read strictly: what is malformed or hostile is refused with one of our errors."""

import contextlib
import lzma
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.debian.deb import read_deb
from lamina.debian.tar_members import Member
from lamina.errors import ArchiveError, LaminaError
from lamina.testing.debian_archive import ToyPackage, ar, deb, tar

CONTROL = tar([])
TOY = ToyPackage(name="toy", files={"./usr/bin/toy": b"#!", "./usr/share/toy": b"x" * 1500})


def read(path: Path, data: bytes) -> list[Member]:
    path.write_bytes(data)
    return list(read_deb(path).members())


def with_data(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    info = tarfile.TarInfo("./control")
    info.size = 11
    control = tar([(info, b"Package: x\n")])
    return ar({"debian-binary": b"2.0\n", "control.tar": control, "data.tar": tar(members)})


def member(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def test_a_package_gives_its_control_file_and_members(tmp_path: Path) -> None:
    path = tmp_path / "toy.deb"
    path.write_bytes(deb(TOY))

    package = read_deb(path)

    assert package.control.startswith("Package: toy\n")
    assert [(m.name, len(m.data)) for m in package.members()] == [
        ("usr/bin/toy", 2),
        ("usr/share/toy", 1500),
    ]


def test_long_names_are_read(tmp_path: Path) -> None:
    name = "usr/" + "n" * 90 + "/" + "m" * 120

    (one,) = read(tmp_path / "x.deb", with_data(member(name, tarfile.SYMTYPE, "t" * 150)))

    assert (one.name, one.target) == (name, "t" * 150)


@pytest.mark.parametrize(
    "bad",
    [
        member("../escape"),
        member("/absolute"),
        member("usr/../../escape"),
        member("usr/./x"),
        member("usr/.wh.passwd"),
        member("dev/sda", tarfile.BLKTYPE),
        member("pipe", tarfile.FIFOTYPE),
        member("link", tarfile.LNKTYPE, "../../etc/shadow"),
    ],
    ids=lambda value: value[0].name,
)
def test_a_member_that_is_no_plain_part_of_the_tree_is_refused(
    tmp_path: Path, bad: tuple[tarfile.TarInfo, bytes]
) -> None:
    with pytest.raises(ArchiveError):
        read(tmp_path / "x.deb", with_data(bad))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "must hold"),
        ({"debian-binary": b"2.0\n", "data.tar": b"", "control.tar": CONTROL}, "must hold"),
        ({"debian-binary": b"2.0\n", "control.tar": CONTROL}, "must hold"),
        (
            {"debian-binary": b"2.0\n", "control.tar": CONTROL, "data.tar": b"", "more": b""},
            "must hold",
        ),
        ({"debian-binary": b"3.0\n", "control.tar": CONTROL, "data.tar": b""}, "format 2"),
        ({"debian-binary": b"2.0\n", "control.tar": CONTROL, "data.tar": b""}, "no control file"),
        ({"debian-binary": b"2.0\n", "control.tar.lz": b"", "data.tar": b""}, "not supported"),
        ({"debian-binary": b"2.0\n", "control.tar.xz": b"junk", "data.tar": b""}, "damaged"),
    ],
)
def test_a_malformed_package_is_refused(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    with pytest.raises(ArchiveError, match=message):
        read(tmp_path / "x.deb", ar(members))


def test_a_package_that_is_no_ar_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"not a \.deb"):
        read(tmp_path / "x.deb", b"<html>404</html>")


def test_a_header_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    data = bytearray(with_data(member("usr/x")))
    data[data.index(b"usr/x")] ^= 1

    with pytest.raises(ArchiveError, match="checksum"):
        read(tmp_path / "x.deb", bytes(data))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, 4000), flip=st.integers(0, 4000), bit=st.integers(0, 7))
def test_any_damage_is_refused_or_harmless(tmp_path: Path, cut: int, flip: int, bit: int) -> None:
    data = bytearray(with_data(member("usr/x", tarfile.SYMTYPE, "y"), member("usr/z")))
    data[flip % len(data)] ^= 1 << bit

    with contextlib.suppress(LaminaError):
        read(tmp_path / "x.deb", bytes(data[: len(data) - cut % len(data)]))


def test_an_xz_stream_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    packed = lzma.compress(CONTROL)[:-1]

    with pytest.raises(ArchiveError, match="damaged"):
        read(
            tmp_path / "x.deb",
            ar({"debian-binary": b"2.0\n", "control.tar.xz": packed, "data.tar": b""}),
        )
