"""Files of one wheel with the same bytes are stored once, and are hard links to each other."""

import io
import random
import tarfile
import zlib
from pathlib import Path

import pytest

from lamina.errors import IntegrityError
from lamina.image.gate import check_libraries, check_owners
from lamina.image.installed import installed as installed_in
from lamina.layer.contents import Contents
from lamina.oci.platform import Platform
from lamina.testing.wheels import ToyWheel, write_zip
from tests.elf.conftest import elf
from tests.layer.test_wheel import assert_record_is_true
from tests.support.toys import SITE, installed, write_layer

DATA = bytes(range(256)) * 40
AMD64 = Platform(os="linux", architecture="amd64")


def layer_of(*wheels: ToyWheel, folder: Path) -> tuple[bytes, Contents]:
    paths = [wheel.write(folder) for wheel in wheels]
    blob, _, contents = write_layer([(path, path.name) for path in paths])
    return blob, contents


def kinds(contents: Contents) -> dict[str, str]:
    items = (item for item in contents.items if item.path.startswith(f"{SITE}/toy/"))
    return {item.path.rpartition("/")[2]: item.kind for item in items}


def test_equal_files_are_stored_once(tmp_path: Path) -> None:
    wheel = ToyWheel(files={"toy/a": DATA, "toy/b": DATA, "toy/c": DATA})

    _, contents = layer_of(wheel, folder=tmp_path)

    assert kinds(contents) == {"a": "file", "b": "hardlink", "c": "hardlink"}
    assert {i.target for i in contents.items if i.kind == "hardlink"} == {f"{SITE}/toy/a"}
    one = ToyWheel(files={"toy/a": DATA})
    _, alone = layer_of(one, folder=tmp_path / "alone")
    assert contents.size - alone.size < 1000  # lines of RECORD


def test_each_name_reads_as_the_file_that_the_wheel_holds(tmp_path: Path) -> None:
    found = installed(ToyWheel(files={"toy/a": DATA, "toy/b": DATA}), tmp_path)

    assert found[f"{SITE}/toy/b"] == found[f"{SITE}/toy/a"] == ("file", 0o644, DATA)
    assert_record_is_true(found)


def test_they_are_one_file_where_a_layer_is_unpacked(tmp_path: Path) -> None:
    blob, _ = layer_of(ToyWheel(files={"toy/a": DATA, "toy/b": DATA}), folder=tmp_path)
    (tmp_path / "layer").write_bytes(blob)

    with tarfile.open(tmp_path / "layer") as archive:
        archive.extractall(tmp_path / "root", filter="tar")

    one, other = (tmp_path / "root" / SITE / "toy" / name for name in "ab")
    assert one.stat().st_ino == other.stat().st_ino
    assert other.read_bytes() == DATA


@pytest.mark.parametrize(
    "wheel",
    [
        ToyWheel(files={"toy/a": DATA, "toy/b": DATA}, executables=("toy/b",)),
        ToyWheel(files={"toy/a": DATA, "toy/b": DATA[::-1]}),
        ToyWheel(files={"toy/a": b"", "toy/b": b""}),
    ],
    ids=["another mode", "other bytes", "nothing to store"],
)
def test_what_is_no_twin_stays_a_file(wheel: ToyWheel, tmp_path: Path) -> None:
    _, contents = layer_of(wheel, folder=tmp_path)

    assert kinds(contents) == {"a": "file", "b": "file"}


def test_twins_of_two_wheels_stay_apart(tmp_path: Path) -> None:
    """How wheels are divided among layers must not change the image."""
    wheels = (ToyWheel(files={"toy/a": DATA}), ToyWheel(name="other", files={"toy/b": DATA}))

    _, contents = layer_of(*wheels, folder=tmp_path)

    assert kinds(contents) == {"a": "file", "b": "file"}


def alike() -> tuple[bytes, bytes]:
    """Find two texts of one length and one CRC-32."""
    seen: dict[int, bytes] = {}
    numbers = random.Random(1)
    while True:
        text = numbers.randbytes(16)
        other = seen.setdefault(zlib.crc32(text), text)
        if other != text:
            return other, text


def pretending(one: bytes, other: bytes, folder: Path) -> Path:
    honest = ToyWheel(files={"toy/a": one, "toy/b": one})
    members = {**honest.members, "toy/b": other}
    path = folder / honest.filename
    write_zip(path, members)
    return path


def test_a_file_that_only_claims_to_be_a_twin_is_refused(tmp_path: Path) -> None:
    """RECORD gives it the hash of another file, and its CRC-32 is forged to fit."""
    one, other = alike()
    path = pretending(one, other, tmp_path)

    with pytest.raises(IntegrityError, match="not the one that RECORD lists"):
        write_layer([(path, path.name)])


def test_where_record_may_lie_the_bytes_decide(tmp_path: Path) -> None:
    one, other = alike()
    path = pretending(one, other, tmp_path)

    _, _, contents = write_layer([(path, path.name)], lenient=True)

    assert kinds(contents) == {"a": "file", "b": "file"}


def test_two_distributions_may_bring_one_file_that_has_a_twin_in_one_of_them(
    tmp_path: Path,
) -> None:
    one = ToyWheel(files={"shared/a": DATA, "shared/b": DATA})
    other = ToyWheel(name="other", files={"shared/b": DATA})
    _, first = layer_of(one, folder=tmp_path)
    _, second = layer_of(other, folder=tmp_path)

    check_owners([first, second])
    _, together = layer_of(one, other, folder=tmp_path)

    assert [i.kind for i in together.items if i.path.endswith("shared/b")] == ["hardlink"]


def test_a_shared_object_that_is_a_twin_is_checked_like_any_other(tmp_path: Path) -> None:
    library = elf(needed=[], soname="libx.so.1")
    wheel = ToyWheel(
        files={
            "toy/x.libs/libx.so.1": library,
            "toy/y.libs/libx.so.1": library,
            "toy/a.so": elf(needed=["libx.so.1"], runpath="$ORIGIN/y.libs"),
        }
    )

    _, contents = layer_of(wheel, folder=tmp_path)

    assert any(item.kind == "hardlink" for item in contents.items)
    assert check_libraries([contents], AMD64) == ()


def test_metadata_is_no_link_for_scanners_look_for_it(tmp_path: Path) -> None:
    plain = ToyWheel()
    copy = plain.members[f"{plain.dist_info}/METADATA"]
    blob, contents = layer_of(ToyWheel(files={"a_copy.txt": copy}), folder=tmp_path)

    (found,) = installed_in([io.BytesIO(blob)]).distributions

    assert (found.name, found.version) == ("toy", "1.0")
    assert {i.kind for i in contents.items if i.path.endswith("/METADATA")} == {"file"}


def test_a_link_has_the_mode_of_what_it_leads_to(tmp_path: Path) -> None:
    """The file of another wheel, which has another mode, is no twin."""
    one = ToyWheel(files={"shared/a": DATA}, executables=("shared/a",))
    names = ("shared/a", "shared/b")
    other = ToyWheel(name="other", files=dict.fromkeys(names, DATA))

    _, contents = layer_of(one, other, folder=tmp_path)

    modes = {i.path: i.mode for i in contents.items}
    links = [i for i in contents.items if i.kind == "hardlink"]
    assert all(modes[link.target] == link.mode for link in links)
    assert modes[f"{SITE}/shared/a"] == 0o755
    assert modes[f"{SITE}/shared/b"] == 0o644
