"""The install rules of the binary distribution format (PEP 427), one test each."""

import base64
import csv
import email.parser
import gzip
import hashlib
import io
import posixpath
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from lamina.errors import ArchiveError, CheckFailed, InputError, IntegrityError
from lamina.image.gate import check_libraries
from lamina.layer.venv import Venv
from lamina.oci.platform import Platform
from lamina.testing.wheels import ToyWheel, write_zip
from tests.elf.conftest import elf
from tests.support.toys import SITE, VENV, Tree, files, installed, tree, write_layer

BIN = "opt/venv/bin"
INFO = f"{SITE}/toy-1.0.dist-info"


def record_rows(tree_: Tree, info: str = INFO) -> dict[str, tuple[str, str]]:
    """Read an installed RECORD into rows by path from the root."""
    text = tree_[f"{info}/RECORD"][2].decode()
    rows = list(csv.reader(io.StringIO(text)))
    found = {posixpath.normpath(f"{SITE}/{path}"): (code, size) for path, code, size in rows}
    assert len(found) == len(rows)
    return found


def assert_record_is_true(tree_: Tree, info: str = INFO) -> None:
    """Every file is in RECORD with its hash and size, and nothing else is."""
    rows = record_rows(tree_, info)
    assert rows.pop(f"{info}/RECORD") == ("", "")
    for path, (code, size) in rows.items():
        data = files(tree_)[path]
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        assert (code, size) == (f"sha256={digest}", str(len(data))), path
    assert rows.keys() == files(tree_).keys() - {f"{info}/RECORD"}


def test_modules_and_metadata_go_to_site_packages(tmp_path: Path) -> None:
    found = installed(ToyWheel(files={"toy.py": b"x = 1\n", "pkg/data.bin": b"\0\1"}), tmp_path)

    assert files(found).keys() == {
        f"{SITE}/toy.py", f"{SITE}/pkg/data.bin", f"{INFO}/METADATA", f"{INFO}/WHEEL",
        f"{INFO}/INSTALLER", f"{INFO}/RECORD",
    }  # fmt: skip
    assert found[f"{SITE}/toy.py"] == ("file", 0o644, b"x = 1\n")
    assert found[f"{SITE}/pkg/data.bin"] == ("file", 0o644, b"\0\1")


@pytest.mark.parametrize(
    ("scheme", "place"),
    [
        ("purelib", SITE), ("platlib", SITE), ("scripts", BIN), ("data", "opt/venv"),
        ("headers", "opt/venv/include/site/python3.11/toy"),
    ],
)  # fmt: skip
def test_each_scheme_of_the_data_folder_goes_to_its_place(
    scheme: str, place: str, tmp_path: Path
) -> None:
    found = installed(ToyWheel(files={f"toy-1.0.data/{scheme}/sub/file": b"data"}), tmp_path)

    assert found[f"{place}/sub/file"][2] == b"data"
    assert not [path for path in found if ".data" in path]
    assert_record_is_true(found)


def test_headers_go_below_the_distributions_normalised_name(tmp_path: Path) -> None:
    wheel = ToyWheel(name="My.Toy", files={"my_toy-1.0.data/headers/a.h": b"h"})

    found = installed(wheel, tmp_path)

    assert found["opt/venv/include/site/python3.11/my-toy/a.h"][2] == b"h"


def test_a_script_for_any_python_gets_the_images_interpreter(tmp_path: Path) -> None:
    wheel = ToyWheel(files={"toy-1.0.data/scripts/run": b"#!python\nprint(1)\n"})

    found = installed(wheel, tmp_path)

    assert found[f"{BIN}/run"] == ("file", 0o755, b"#!/opt/venv/bin/python\nprint(1)\n")
    assert_record_is_true(found)


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\2\1\1#!python", b"#!/bin/sh\nexit\n", b"#!/usr/bin/env python\n", b"", b"#!pyt"],
    ids=["binary", "shell", "env", "empty", "short"],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_other_programs_are_left_alone_and_made_executable(
    data: bytes, method: int, tmp_path: Path
) -> None:
    wheel = ToyWheel(files={"toy-1.0.data/scripts/run": data}, compression=method)

    found = installed(wheel, tmp_path)

    assert found[f"{BIN}/run"] == ("file", 0o755, data)


def test_entry_points_become_programs_whatever_their_group_and_extras(tmp_path: Path) -> None:
    points = "[console_scripts]\na = toy:main\nb = toy:x.y [extra]\n[gui_scripts]\nc = toy:gui\n"

    found = installed(ToyWheel(entry_points=points), tmp_path)

    for name, first, call in (("a", "main", "main"), ("b", "x", "x.y"), ("c", "gui", "gui")):
        kind, mode, data = found[f"{BIN}/{name}"]
        assert (kind, mode) == ("file", 0o755)
        assert data.decode().splitlines()[0] == "#!/opt/venv/bin/python"
        assert f"from toy import {first}" in data.decode()
        assert f"sys.exit({call}())" in data.decode()
    assert_record_is_true(found)


def test_an_entry_point_takes_the_place_of_a_script_of_its_name(tmp_path: Path) -> None:
    """As with pip and uv, the program that setuptools wrote for an entry point is not kept."""
    wheel = ToyWheel(
        files={"toy-1.0.data/scripts/run": b"#!python\nold\n"},
        entry_points="[console_scripts]\nrun = toy:main\n",
    )

    found = installed(wheel, tmp_path)

    assert b"from toy import main" in found[f"{BIN}/run"][2]
    assert_record_is_true(found)


def test_a_script_that_an_entry_point_replaces_is_checked_all_the_same(tmp_path: Path) -> None:
    wheel = ToyWheel(
        files={"toy-1.0.data/scripts/run": b"evil\n"},
        entry_points="[console_scripts]\nrun = toy:main\n",
        wrong_hashes=("toy-1.0.data/scripts/run",),
    )

    with pytest.raises(IntegrityError, match="RECORD"):
        installed(wheel, tmp_path)


def test_executable_files_stay_executable_and_nothing_else_of_a_mode_counts(tmp_path: Path) -> None:
    wheel = ToyWheel(files={"pkg/run": b"#!/bin/sh\n", "pkg/data": b""}, executables=("pkg/run",))
    path = wheel.write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        for info in archive.infolist():
            info.external_attr |= 0o007066 << 16  # group, others, setuid, sticky
        archive._didModify = True  # type: ignore[attr-defined] # write the directory again

    blob, _, _ = write_layer([(path, path.name)])

    found = tree([gzip.decompress(blob)])
    assert {found[f"{SITE}/pkg/{name}"][1] for name in ("run", "data")} == {0o755, 0o644}
    assert {mode for kind, mode, _ in found.values() if kind == "directory"} == {0o755}


def test_record_is_recomputed_and_true(tmp_path: Path) -> None:
    wheel = ToyWheel(
        files={
            "toy.py": b"x\n",
            'a, "b".txt': b"quoted",
            "toy-1.0.data/scripts/run": b"#!python\n",
            "toy-1.0.data/data/share/doc": b"doc",
        },
        entry_points="[console_scripts]\ncmd = toy:main\n",
    )

    found = installed(wheel, tmp_path)

    assert_record_is_true(found)
    assert "../../../bin/run,sha256=" in found[f"{INFO}/RECORD"][2].decode()


def test_installer_says_lamina_whatever_the_wheel_says(tmp_path: Path) -> None:
    found = installed(ToyWheel(files={"toy-1.0.dist-info/INSTALLER": b"evil\n"}), tmp_path)

    assert found[f"{INFO}/INSTALLER"][2] == b"lamina\n"
    assert_record_is_true(found)


@pytest.mark.parametrize("name", ["RECORD.jws", "RECORD.p7s"])
def test_signatures_of_the_wheels_record_are_not_installed(name: str, tmp_path: Path) -> None:
    """They sign a RECORD that is not the installed one, and RECORD need not list them."""
    wheel = ToyWheel(files={f"toy-1.0.dist-info/{name}": b"{}"})

    found = installed(wheel, tmp_path)

    assert f"{INFO}/{name}" not in found
    assert_record_is_true(found)


def test_licences_and_other_metadata_stay(tmp_path: Path) -> None:
    wheel = ToyWheel(files={"toy-1.0.dist-info/licenses/LICENSE": b"MIT"})

    assert installed(wheel, tmp_path)[f"{INFO}/licenses/LICENSE"][2] == b"MIT"


def test_wheels_of_one_namespace_share_its_folder(tmp_path: Path) -> None:
    one = ToyWheel(name="one", files={"space/one.py": b"1"}).write(tmp_path)
    two = ToyWheel(name="two", files={"space/two.py": b"2"}).write(tmp_path)

    blob, _, _ = write_layer([(one, one.name), (two, two.name)])

    found = tree([gzip.decompress(blob)])
    assert found[f"{SITE}/space/one.py"][2] + found[f"{SITE}/space/two.py"][2] == b"12"
    assert f"{SITE}/space/__init__.py" not in found


def test_two_wheels_with_one_program_are_refused_with_both_named(tmp_path: Path) -> None:
    points = "[console_scripts]\nrun = {}:main\n"
    one = ToyWheel(name="one", entry_points=points.format("one")).write(tmp_path)
    two = ToyWheel(name="two", entry_points=points.format("two"), files={}).write(tmp_path)

    with pytest.raises(InputError, match="two owners") as caught:
        write_layer([(one, one.name), (two, two.name)])

    assert caught.value.why == "/opt/venv/bin/run comes from one 1.0 and from two 1.0"


def test_stored_members_are_installed_like_deflated_ones(tmp_path: Path) -> None:
    wheel = ToyWheel(files={"big.bin": bytes(range(256)) * 9000, "empty": b"", "a.py": b"a"})

    stored = installed(replace(wheel, compression=zipfile.ZIP_STORED), tmp_path / "stored")
    deflated = installed(wheel, tmp_path / "deflated")

    assert stored == deflated


def test_names_beyond_ascii_are_kept(tmp_path: Path) -> None:
    wheel = ToyWheel(files={"p\u00e4ck/\u65e5\u672c.py": b"x", "p\u00e4ck/na\u0308me": b"y"})

    found = installed(wheel, tmp_path)

    assert found[f"{SITE}/p\u00e4ck/\u65e5\u672c.py"][2] == b"x"
    assert found[f"{SITE}/p\u00e4ck/na\u0308me"][2] == b"y"
    assert_record_is_true(found)


def test_long_and_deep_names_are_kept(tmp_path: Path) -> None:
    name = "/".join(["deep" * 12] * 12) + "/" + "n" * 200 + ".py"

    found = installed(ToyWheel(files={name: b"x"}), tmp_path)

    assert found[f"{SITE}/{name}"][2] == b"x"
    assert_record_is_true(found)


def test_a_folder_of_metadata_may_be_spelled_in_any_way_that_means_the_same(tmp_path: Path) -> None:
    """Old tools wrote ``My.Toy-1.0``, new ones ``my_toy-1.0``; the rows keep the wheel's own."""
    old = ToyWheel(name="My.Toy", files={"My.Toy-1.0.data/scripts/run": b"#!python\n"})
    path = tmp_path / "my_toy-1.0-py3-none-any.whl"
    path.write_bytes(old.write(tmp_path / "old").read_bytes())

    blob, _, _ = write_layer([(path, path.name)])

    found = tree([gzip.decompress(blob)])
    assert f"{SITE}/My.Toy-1.0.dist-info/METADATA" in found
    assert f"{BIN}/run" in found
    assert_record_is_true(found, f"{SITE}/My.Toy-1.0.dist-info")


@pytest.mark.parametrize("version", ["1.0", "1.9", "1.10"])
def test_wheel_versions_below_two_are_accepted(version: str, tmp_path: Path) -> None:
    """A greater minor version adds only what an older installer may leave out."""
    wheel = ToyWheel()
    members = dict(wheel.members)
    members["toy-1.0.dist-info/WHEEL"] = f"Wheel-Version: {version}\n".encode()
    path = tmp_path / wheel.filename
    _write(path, wheel, members)

    assert write_layer([(path, path.name)])[2].items


def _write(path: Path, wheel: ToyWheel, members: dict[str, bytes]) -> None:
    members.pop(f"{wheel.dist_info}/RECORD")
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()},"
        for name, data in members.items()
    ]
    members[f"{wheel.dist_info}/RECORD"] = "\n".join(rows).encode()
    write_zip(path, members)


@pytest.mark.parametrize("version", ["1.0+cu121", "1!2.0", "1.0.post1", "1.0rc1", "2024.1"])
def test_every_kind_of_version_is_recognised(version: str, tmp_path: Path) -> None:
    found = installed(ToyWheel(version=version, files={"a.py": b""}), tmp_path)

    assert f"{SITE}/toy-{version}.dist-info/METADATA" in found


def test_a_waived_record_is_still_recomputed_truly(tmp_path: Path) -> None:
    wheel = ToyWheel(wrong_hashes=("toy.py",))

    found = installed(wheel, tmp_path, lenient=True)

    assert_record_is_true(found)
    with pytest.raises(IntegrityError, match="RECORD"):
        installed(wheel, tmp_path)


def test_a_waiver_covers_hashes_and_not_names(tmp_path: Path) -> None:
    wheel = ToyWheel()
    path = wheel.write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.py", b"evil")

    with pytest.raises(ArchiveError, match="not listed"):
        write_layer([(path, path.name)], lenient=True)


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_stronger_hashes_in_record_are_checked(algorithm: str, tmp_path: Path) -> None:
    wheel = ToyWheel(files={"toy.py": b"x = 1\n"})
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, b"x = 1\n").digest()).decode()
    for data, is_right in ((b"x = 1\n", True), (b"x = 2\n", False)):
        members = dict(wheel.members)
        _write(path := tmp_path / wheel.filename, wheel, {**members, "toy.py": data})
        content = _with_record_line(path, "toy.py", f"toy.py,{algorithm}={digest},6")
        path.write_bytes(content)
        if is_right:
            assert write_layer([(path, path.name)])
        else:
            with pytest.raises(IntegrityError, match="RECORD"):
                write_layer([(path, path.name)])


def _with_record_line(path: Path, name: str, line: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    record = next(name for name in members if name.endswith("/RECORD"))
    lines = members[record].decode().splitlines()
    members[record] = "\n".join(
        [line] + [x for x in lines if not x.startswith(f"{name},")]
    ).encode()
    write_zip(path, members)
    return path.read_bytes()


def test_equal_wheels_give_equal_layers_whatever_the_order_of_their_members(tmp_path: Path) -> None:
    wheel = ToyWheel(files={"b.py": b"b", "a.py": b"a", "c/d.py": b"d"})
    members = wheel.members
    one, two = tmp_path / "one.whl", tmp_path / "two.whl"
    write_zip(one, members)
    write_zip(two, dict(reversed(members.items())))

    layers = [write_layer([(path, wheel.filename)])[1] for path in (one, two)]

    assert layers[0] == layers[1]


def test_another_prefix_moves_everything(tmp_path: Path) -> None:
    venv = Venv(prefix=PurePosixPath("/srv/e"), python="3.12", base_interpreter=VENV.prefix)

    found = installed(
        ToyWheel(files={"toy-1.0.data/scripts/run": b"#!python\n"}), tmp_path, venv=venv
    )

    assert found["srv/e/bin/run"][2] == b"#!/srv/e/bin/python\n"
    assert "srv/e/lib/python3.12/site-packages/toy-1.0.dist-info/RECORD" in found


def test_metadata_is_left_as_scanners_expect_it(tmp_path: Path) -> None:
    found = installed(ToyWheel(requires=("numpy>=1",)), tmp_path)

    metadata = email.parser.BytesParser().parsebytes(found[f"{INFO}/METADATA"][2])
    assert (metadata["Name"], metadata["Version"]) == ("toy", "1.0")
    assert metadata.get_all("Requires-Dist") == ["numpy>=1"]


def test_a_file_name_that_is_no_wheels_is_refused(tmp_path: Path) -> None:
    path = ToyWheel().write(tmp_path)

    with pytest.raises(ArchiveError, match="not a wheel's file name"):
        write_layer([(path, "toy.whl")])


def test_a_missing_library_is_found_however_many_symbols_an_object_has(tmp_path: Path) -> None:
    """12 MB of names, and the same after it, lie before the table that says which one counts."""
    data = elf(needed=["libgone.so.1"], symbols=12 << 20)
    wheel = ToyWheel(tag="cp311-cp311-linux_x86_64", files={"toy/big.so": data})

    path = wheel.write(tmp_path)
    _, _, contents = write_layer([(path, path.name)])

    with pytest.raises(CheckFailed) as caught:
        check_libraries([contents], Platform.parse("linux/amd64"))
    assert "libgone.so.1" in str(caught.value.why)
