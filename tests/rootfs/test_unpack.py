"""Layers become a directory as a runtime would make it, and nothing outside of it is touched."""

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.errors import ArchiveError, StoreError
from lamina.oci.entry import Entry
from lamina.rootfs.tree import Tree
from lamina.rootfs.unpack import unpack, unpack_entries

Layer = Callable[..., io.BytesIO]


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def special(name: str, mode: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, mode
    return info


def below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_layers_are_applied_in_order(tmp_path: Path, layer: Layer) -> None:
    first = layer(("a/one", b"1"), ("a/two", b"2"))
    second = layer(
        ("a/two", b"22"), link("three", "a/one"), link("a/four", "a/one", tarfile.LNKTYPE)
    )

    result = unpack([first, second], tmp_path / "root")

    root = tmp_path / "root"
    assert below(root) == ["a/four", "a/one", "a/two", "three"]
    assert (root / "a/two").read_bytes() == b"22"
    assert (root / "a/four").samefile(root / "a/one")
    assert (result.members, result.skipped) == (5, ())


def test_a_whiteout_deletes_from_lower_layers_only(tmp_path: Path, layer: Layer) -> None:
    lower = layer(("a/gone", b""), ("a/stays", b""), ("b/x/deep", b""))
    upper = layer(
        ("a/.wh.gone", b""), ("b/.wh.x", b""), ("b/x/new", b""), ("c", b""), (".wh.c", b"")
    )

    unpack([lower, upper], tmp_path)

    assert below(tmp_path) == ["a/stays", "b/x/new", "c"]


@pytest.mark.parametrize("place", ["first", "last"])
def test_an_opaque_directory_hides_lower_layers_wherever_its_marker_stands(
    tmp_path: Path, layer: Layer, place: str
) -> None:
    marker, new = ("a/.wh..wh..opq", b""), ("a/sub/new", b"")

    upper = layer(*((marker, new) if place == "first" else (new, marker)))
    unpack([layer(("a/old", b""), ("a/sub/old", b"")), upper], tmp_path)

    assert below(tmp_path) == ["a/sub/new"]


def test_modes_and_times_are_kept_but_no_set_user_id_bit(tmp_path: Path, layer: Layer) -> None:
    unpack([layer(special("su", 0o4755), special("tmp", 0o1777, tarfile.DIRTYPE))], tmp_path)

    assert stat.S_IMODE((tmp_path / "su").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "tmp").stat().st_mode) == 0o1777
    assert (tmp_path / "su").stat().st_mtime == 0


def test_files_can_be_written_into_a_directory_that_is_read_only(
    tmp_path: Path, layer: Layer
) -> None:
    data = layer(special("d", 0o555, tarfile.DIRTYPE), ("d/file", b"x"))

    unpack([data], tmp_path)

    assert (tmp_path / "d/file").read_bytes() == b"x"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_gives_files_their_owners(tmp_path: Path, layer: Layer) -> None:
    info = tarfile.TarInfo("x")
    info.uid, info.gid = 65532, 7

    unpack([layer(info)], tmp_path)

    assert ((tmp_path / "x").stat().st_uid, (tmp_path / "x").stat().st_gid) == (65532, 7)


def test_device_nodes_and_pipes_are_left_out_and_named(tmp_path: Path, layer: Layer) -> None:
    null, pipe = special("dev/null", 0o666, tarfile.CHRTYPE), special("p", 0o666, tarfile.FIFOTYPE)

    result = unpack([layer(null, pipe)], tmp_path)

    assert result.skipped == ("dev/null", "p")
    assert below(tmp_path) == []


@pytest.mark.parametrize("target", ["/", "/etc", "../../../..", "/../outside", "loop"])
def test_a_file_behind_a_hostile_link_stays_inside(
    tmp_path: Path, layer: Layer, target: str
) -> None:
    """CVE-2021-29136, CVE-2025-4330: a link first, then a file through it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("intact")

    layers = [layer(link("loop", "loop"), link("l", target)), layer(("l/canary", b"pwned"))]
    try:
        unpack(layers, tmp_path / "root")
    except ArchiveError:
        assert target == "loop"

    assert (outside / "canary").read_text() == "intact"
    assert not Path("/canary").exists()
    assert not Path("/etc/canary").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "root"]


def test_a_link_at_the_end_of_a_path_is_replaced_not_followed(tmp_path: Path, layer: Layer) -> None:
    canary = tmp_path / "canary"
    canary.write_text("intact")

    unpack([layer(link("x", str(canary))), layer(("x", b"new"))], tmp_path / "root")

    assert canary.read_text() == "intact"
    assert (tmp_path / "root/x").read_bytes() == b"new"


def test_a_whiteout_through_a_link_deletes_nothing_outside(tmp_path: Path, layer: Layer) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/canary").write_text("intact")

    unpack(
        [layer(link("l", str(tmp_path / "outside"))), layer(("l/.wh.canary", b""))], tmp_path / "r"
    )
    unpack([layer(("l/.wh..wh..opq", b""))], tmp_path / "r")

    assert (tmp_path / "outside/canary").read_text() == "intact"


def test_a_hard_link_to_nothing_is_refused(tmp_path: Path, layer: Layer) -> None:
    with pytest.raises(ArchiveError, match="hard link"):
        unpack([layer(link("x", "etc/passwd", tarfile.LNKTYPE))], tmp_path)


def test_a_file_below_a_file_is_refused(tmp_path: Path, layer: Layer) -> None:
    with pytest.raises(ArchiveError, match="is a file"):
        unpack([layer(("a", b""), ("a/b", b""))], tmp_path)


def test_a_merged_usr_is_respected(tmp_path: Path, layer: Layer) -> None:
    unpack([layer(("usr/lib", None), link("lib", "usr/lib")), layer(("lib/x", b""))], tmp_path)

    assert below(tmp_path) == ["lib", "usr/lib/x"] or below(tmp_path) == ["usr/lib/x"]
    assert (tmp_path / "lib").is_symlink()


def test_a_full_disk_is_said_to_be_one(tmp_path: Path, layer: Layer) -> None:
    with pytest.raises(StoreError, match="could not be unpacked"):
        unpack([layer(("a", b"x"))], tmp_path / ("n" * 300))


def test_entries_are_written_as_a_layer_would_be(tmp_path: Path) -> None:
    entries = [
        Entry(path="bin/sh", mode=0o755, data=b"#!"),
        Entry(path="bin/bash", kind="hardlink", target="bin/sh"),
        Entry(path="lib", kind="symlink", target="usr/lib"),
    ]

    assert unpack_entries(entries, tmp_path).members == 3
    assert (tmp_path / "bin/bash").read_bytes() == b"#!"
    assert (tmp_path / "lib").readlink() == Path("usr/lib")


def test_a_tree_reads_absolute_links_from_its_own_root(tmp_path: Path, layer: Layer) -> None:
    unpack(
        [layer(("real/passwd", b"inside"), link("etc", "/real"), link("p", "/etc/passwd"))],
        tmp_path,
    )

    with Tree(tmp_path) as tree:
        assert tree.read("p") == b"inside"
        assert tree.read("etc/shadow") is None
        assert tree.resolve("../../p") == "real/passwd"


def test_gnu_tar_agrees_about_a_plain_layer(tmp_path: Path, layer: Layer) -> None:
    data = layer(("d/a", b"1"), link("d/l", "a"), ("d/" + "n" * 150, b"2"))
    (tmp_path / "x.tar").write_bytes(data.getvalue())
    (tmp_path / "theirs").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "x.tar", "-C", tmp_path / "theirs"], check=True)

    unpack([data], tmp_path / "ours")

    assert below(tmp_path / "ours") == below(tmp_path / "theirs")
