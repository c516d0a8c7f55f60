"""The entries of the base and of system packages: what an installation would have left, pruned."""

import hashlib
from pathlib import Path

import pytest

from lamina.debian.assemble import entries
from lamina.debian.ld_cache import ld_so_cache
from lamina.debian.select import debs
from lamina.debian.sources import read_sources
from lamina.errors import ArchiveError, IntegrityError
from lamina.oci.entry import Entry
from lamina.testing.debian_archive import ToyArchive, ToyPackage, deb

from .conftest import Assemble, Select

ELF = b"\x7fELF toy"


def toy(name: str = "toy", **contents: object) -> ToyPackage:
    return ToyPackage(name=name, **contents)  # type: ignore[arg-type]


def test_parents_come_before_children_and_the_same_entries_twice(
    archive: ToyArchive, choose: Select
) -> None:
    selection = choose()
    files = debs(selection, read_sources(archive.directory), archive.fetch)

    first, second = (list(entries(selection, files)) for _ in range(2))

    seen = {""}
    for entry in first:
        assert entry.path.rpartition("/")[0] in seen
        seen.add(entry.path)
    assert first == second


def test_the_base_has_what_scripts_would_have_made(assemble: Assemble) -> None:
    base = assemble(which="base")

    assert base["lib"].target == "usr/lib"
    assert base["lib64"].target == "usr/lib64"
    assert base["tmp"].mode == 0o1777
    assert base["etc/passwd"].data.splitlines() == [
        b"root:*:0:0:root:/root:/bin/bash",
        b"nonroot:*:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin",
    ]
    assert base["etc/group"].data.endswith(b"nonroot:*:65532:\n")
    assert base["usr/bin/python3"].target == "python3.11"
    assert base["etc/localtime"].target == "/usr/share/zoneinfo/Etc/UTC"
    assert base["etc/os-release"].data == b'VERSION_ID="12"\n'


def test_every_package_leaves_a_record_for_scanners(assemble: Assemble) -> None:
    files = {"./usr/bin/toy": b"#!", "./usr/share/man/man1/toy.1": b"pruned"}

    layer = assemble("toy", of=[toy(files=files)])

    record = layer["var/lib/dpkg/status.d/toy"].data.decode()
    assert record.startswith("Package: toy\nStatus: install ok installed\nVersion: 1.0-1\n")
    assert "usr/share/man/man1/toy.1" not in layer


def test_paths_below_lib_and_bin_move_and_the_links_stay(assemble: Assemble) -> None:
    package = toy(
        files={"./lib/x86_64-linux-gnu/libtoy.so.1": ELF, "./bin/toy": b"#!", "./lib32/x": b""},
        links={"./sbin/toyd": "/bin/toy"},
        hard_links={"./bin/toy2": "./bin/toy"},
    )

    layer = assemble("toy", of=[package])

    assert layer["usr/lib/x86_64-linux-gnu/libtoy.so.1"].data == ELF
    assert layer["usr/sbin/toyd"].target == "/bin/toy"
    assert (layer["usr/bin/toy2"].kind, layer["usr/bin/toy2"].target) == ("hardlink", "usr/bin/toy")
    assert layer["lib32"].target == "usr/lib32"
    assert not {"lib", "bin", "sbin"} & layer.keys()


def test_a_package_that_ships_the_links_itself_does_not_turn_them_on_themselves(
    assemble: Assemble,
) -> None:
    """Trixie's base-files holds lib -> usr/lib."""
    layer = assemble("toy", of=[toy(links={"./lib": "usr/lib"}, files={"./usr/lib/x": b"1"})])

    assert "lib" not in layer
    assert layer["usr/lib/x"].data == b"1"


def test_set_user_id_bits_are_dropped(assemble: Assemble) -> None:
    assert assemble("toy", of=[toy(files={"./usr/bin/su": b""})])["usr/bin/su"].mode == 0o755


def test_copyright_stays_and_other_documentation_goes(assemble: Assemble) -> None:
    doc = "usr/share/doc/toy"
    files = {f"./{doc}/copyright": b"GPL", f"./{doc}/changelog.gz": b"", f"./{doc}/html/x": b""}

    layer = assemble("toy", of=[toy(files=files)])

    assert [path for path in layer if path.startswith(f"{doc}/")] == [f"{doc}/copyright"]


def test_alternatives_are_read_from_the_script(assemble: Assemble) -> None:
    script = (
        '#!/bin/sh\nif [ "$1" = configure ]; then\n  update-alternatives --install '
        "/usr/bin/awk awk /usr/bin/mawk 5 \\\n    --slave /usr/bin/nawk nawk /usr/bin/mawk\n"
        "  update-alternatives --install /usr/bin/x x $WHERE 5\n"
        "  update-alternatives --install /usr/bin/gone gone /usr/bin/missing 50\nfi\n"
    )
    better = "update-alternatives --install /usr/bin/awk awk /usr/bin/gawk 10\n"
    mawk = toy("mawk", files={"./usr/bin/mawk": b""}, postinst=script)
    gawk = toy("gawk", files={"./usr/bin/gawk": b""}, postinst=better)

    alone = assemble("mawk", of=[mawk])
    both = assemble("mawk", "gawk", of=[mawk, gawk])

    assert alone["usr/bin/awk"].target == "/etc/alternatives/awk"
    assert alone["etc/alternatives/awk"].target == "/usr/bin/mawk"
    assert alone["usr/bin/nawk"].target == "/etc/alternatives/nawk"
    assert both["etc/alternatives/awk"].target == "/usr/bin/gawk"
    assert not {"usr/bin/x", "usr/bin/gone"} & alone.keys()


def test_a_daemons_user_is_added_to_the_accounts(assemble: Assemble) -> None:
    conf = b'u toyd - "Toy daemon" /var/lib/toy\ng toys 200\n'

    layer = assemble("toy", of=[toy(files={"./usr/lib/sysusers.d/toy.conf": conf})])

    assert b"toyd:*:999:999:Toy daemon:/var/lib/toy:/usr/sbin/nologin\n" in layer["etc/passwd"].data
    assert b"toys:*:200:\n" in layer["etc/group"].data


def test_the_system_layer_repeats_only_generated_files_that_change(assemble: Assemble) -> None:
    plain = assemble("toy", of=[toy(files={"./usr/share/toy": b""})])
    library = assemble("toy", of=[toy(files={"./usr/lib/x86_64-linux-gnu/libtoy.so.1": ELF})])

    assert "etc/ld.so.cache" not in plain
    assert "etc/passwd" not in plain
    assert b"/usr/lib/x86_64-linux-gnu/libtoy.so.1\0" in library["etc/ld.so.cache"].data


def test_the_loaders_cache_has_names_in_glibcs_descending_order() -> None:
    names = {f"lib{n}.so": f"/usr/lib/lib{n}.so" for n in ("a2", "a10", "b")}

    cache = ld_so_cache(names, architecture="arm64")

    assert cache.startswith(b"glibc-ld.so.cache1.1" + (3).to_bytes(4, "little"))
    assert int.from_bytes(cache[48:52], "little") == 0x0A03
    positions = [cache.index(f"\0lib{n}.so\0".encode()) for n in ("a10", "a2")]
    assert cache[48 + 3 * 24 :].startswith(b"libb.so\0")
    assert positions == sorted(positions)


def test_the_standard_library_gets_the_bytecode_that_it_is_handed(
    archive: ToyArchive, choose: Select
) -> None:
    selection = choose()
    files = debs(selection, read_sources(archive.directory), archive.fetch)

    found = {e.path: e for e in entries(selection, files, compile=lambda s: [repr(s).encode()])}

    compiled = found["usr/lib/python3.11/__pycache__/this.cpython-311.pyc"]
    assert compiled.data == b"[(b\"print('toy')\\n\", '/usr/lib/python3.11/this.py')]"


def test_a_file_of_two_packages_belongs_to_the_one_that_replaces_the_other(
    assemble: Assemble,
) -> None:
    old = toy("a-old", files={"./usr/share/x": b"old"})
    new = toy("z-new", files={"./usr/share/x": b"new"}, fields={"Replaces": "a-old"})

    layer = assemble("a-old", "z-new", of=[old, new])

    assert layer["usr/share/x"].data == b"new"


def test_a_file_of_two_packages_is_refused(assemble: Assemble) -> None:
    packages = [toy(name, files={"./usr/share/x": b""}) for name in ("one", "two")]

    with pytest.raises(ArchiveError, match="/usr/share/x is from one already"):
        assemble("one", "two", of=packages)


def test_a_file_below_a_link_is_refused(assemble: Assemble) -> None:
    linking = toy("one", links={"./opt/x": "/etc"})
    through = toy("two", files={"./opt/x/passwd": b"evil"})

    with pytest.raises(ArchiveError, match="would lie below /opt/x, which is a symlink"):
        assemble("one", "two", of=[linking, through])


def test_a_hard_link_to_what_is_not_there_is_refused(assemble: Assemble) -> None:
    with pytest.raises(ArchiveError, match="not there"):
        assemble("toy", of=[toy(hard_links={"./usr/bin/x": "./etc/shadow"})])


def test_a_package_that_is_another_than_selected_is_refused(
    tmp_path: Path, archive: ToyArchive, choose: Select
) -> None:
    selection = choose()
    files = debs(selection, read_sources(archive.directory), archive.fetch)
    other = tmp_path / "other.deb"
    other.write_bytes(deb(toy("tzdata", version="0.9")))

    with pytest.raises(IntegrityError, match=r"tzdata 0\.9 amd64, not tzdata 1\.0-1 amd64"):
        list(entries(selection, {**files, "tzdata": other}))


def test_certificates_become_one_bundle_in_the_order_of_their_names(assemble: Assemble) -> None:
    folder = "./usr/share/ca-certificates/toy"

    layer = assemble("toy", of=[toy(files={f"{folder}/b.crt": b"B\n", f"{folder}/a.crt": b"A"})])

    assert layer["etc/ssl/certs/ca-certificates.crt"].data == b"A\nB\n"


def test_md5sums_name_only_the_files_that_are_in_the_image(assemble: Assemble) -> None:
    files = {"./usr/bin/toy": b"#!", "./usr/share/man/man1/toy.1": b"pruned"}

    sums: Entry = assemble("toy", of=[toy(files=files)])["var/lib/dpkg/status.d/toy.md5sums"]

    digest = hashlib.md5(b"#!", usedforsecurity=False).hexdigest()
    assert sums.data.decode() == f"{digest}  usr/bin/toy\n"
