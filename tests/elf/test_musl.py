"""The gate over an image with musl, whose dynamic linker has rules of its own."""

from collections.abc import Mapping

from lamina.elf.closure import Finding, check
from lamina.elf.musl import find_musl
from lamina.elf.needs import Needs, VersionNeed

SITE = "opt/venv/lib/python3.12/site-packages"
MUSL = "libc.musl-x86_64.so.1"
BASE = {"lib/ld-musl-x86_64.so.1": Needs(machine=62, soname=MUSL)}
LINKS = {f"lib/{MUSL}": "ld-musl-x86_64.so.1"}


def found(
    objects: Mapping[str, Needs], links: Mapping[str, str] = LINKS
) -> list[tuple[str, str, str]]:
    findings: tuple[Finding, ...] = check({**BASE, **objects}, links, machine=62)
    return [(one.severity, one.path, one.library) for one in findings]


def test_musl_is_all_of_its_parts_without_a_file_of_their_names() -> None:
    needs = Needs(machine=62, needed=(MUSL, "libpthread.so.0", "libm.so", "libdl.so.2"))

    assert found({f"{SITE}/a/x.cpython-312-x86_64-linux-musl.so": needs}, links={}) == []


def test_a_library_that_is_missing_is_an_error_as_with_glibc() -> None:
    path = f"{SITE}/a/x.cpython-312-x86_64-linux-musl.so"

    assert found({path: Needs(machine=62, needed=("libstdc++.so.6", MUSL))}) == [
        ("error", path, "libstdc++.so.6")
    ]
    stdcxx = {"usr/lib/libstdc++.so.6": Needs(machine=62, needed=(MUSL,))}
    assert found({path: Needs(machine=62, needed=("libstdc++.so.6", MUSL)), **stdcxx}) == []


def test_usr_local_is_searched_and_multiarch_folders_are_not() -> None:
    path = f"{SITE}/a/x.cpython-312-x86_64-linux-musl.so"
    needs = Needs(machine=62, needed=("libz.so.1",))
    zlib = Needs(machine=62, soname="libz.so.1")

    assert found({path: needs, "usr/local/lib/libz.so.1": zlib}) == []
    assert found({path: needs, "usr/lib/x86_64-linux-gnu/libz.so.1": zlib}) != []


def test_what_is_loaded_inherits_the_runpath_of_its_loader() -> None:
    """The linker of glibc would look into RUNPATH for the object itself alone."""
    objects = {
        f"{SITE}/a/x.cpython-312-x86_64-linux-musl.so": Needs(
            machine=62, needed=("libone.so",), runpath=("$ORIGIN/../a.libs",)
        ),
        f"{SITE}/a.libs/libone.so": Needs(machine=62, needed=("libtwo.so",)),
        f"{SITE}/a.libs/libtwo.so": Needs(machine=62),
    }

    assert found(objects) == []


def test_versions_of_symbols_do_not_count() -> None:
    wanted = VersionNeed(library="libgcc_s.so.1", versions=("GCC_14.0.0",))
    objects = {
        f"{SITE}/a/x.cpython-312-x86_64-linux-musl.so": Needs(
            machine=62, needed=("libgcc_s.so.1",), requires=(wanted,)
        ),
        "usr/lib/libgcc_s.so.1": Needs(machine=62, provides=("GCC_3.0",)),
    }

    assert found(objects) == []


def test_a_wheel_for_glibc_is_an_error() -> None:
    path = f"{SITE}/a/x.cpython-312-x86_64-linux-gnu.so"
    wanted = VersionNeed(library="libc.so.6", versions=("GLIBC_2.14",))
    needs = Needs(machine=62, needed=("libc.so.6",), requires=(wanted,))

    assert found({path: needs}) == [("error", path, "libc.so.6")]


def test_a_system_with_glibc_may_have_musl_beside_it() -> None:
    assert find_musl(["lib/ld-musl-x86_64.so.1"]) == "lib/ld-musl-x86_64.so.1"
    assert find_musl(["usr/lib/ld-musl-aarch64.so.1"]) is not None
    assert find_musl(["lib/ld-musl-x86_64.so.1", "usr/lib/x86_64-linux-gnu/libc.so.6"]) is None
    assert find_musl(["usr/lib/libc.so"]) is None
