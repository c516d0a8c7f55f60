"""Layers and a plan become an image, after a gate that no broken image passes."""

from dataclasses import replace

import pytest

from lamina.elf.needs import Needs
from lamina.errors import CheckFailed, ImageError, InputError
from lamina.image.assemble import assemble
from lamina.image.gate import check_libraries, check_owners
from lamina.layer.contents import Contents, Item
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.entry import Kind
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage, BuildPlan
from lamina.testing.images import Memory, toy_layer

SITE = "opt/venv/lib/python3.11/site-packages"
AMD64 = Platform("linux", "amd64")
PLAN = BuildPlan(
    name="toy",
    base=BaseImage(
        reference="debian:bookworm",
        platform=AMD64,
        digest=Digest.of(b"base"),
        python="3.11",
        python_full="3.11.2",
        interpreter="/usr/bin/python3.11",
        glibc=(2, 36),
    ),
    venv="/opt/venv",
    layers=(),
    runtime=RuntimeConfig(command=("toy",)),
    created=1_700_000_000,
)


def test_an_image_is_its_layers_with_the_plans_configuration() -> None:
    layers = [toy_layer(Memory(), name) for name in "ab"]

    image = assemble(PLAN, layers)

    assert image.layers == tuple(layers)
    assert (image.platform, image.runtime, image.created) == (AMD64, PLAN.runtime, 1_700_000_000)
    assert image.annotations == {
        "org.opencontainers.image.base.name": "debian:bookworm",
        "org.opencontainers.image.base.digest": str(Digest.of(b"base")),
    }


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("python:3.12-slim", "docker.io/library/python:3.12-slim"),
        ("registry.example.com:5000/bases/python:3", "registry.example.com:5000/bases/python:3"),
        ("python", "docker.io/library/python"),
    ],
)
def test_a_base_of_a_registry_is_named_in_full_with_the_registrys_digest(
    reference: str, name: str
) -> None:
    """annotations.md: no assumed default registry, and the digest of what the name stood for."""
    digest = Digest.of(b"index")
    base = replace(PLAN.base, reference=f"{reference}@{digest}")

    image = assemble(replace(PLAN, base=base), [])

    assert image.annotations == {
        "org.opencontainers.image.base.name": name,
        "org.opencontainers.image.base.digest": str(digest),
    }


def test_more_layers_than_engines_mount_are_refused() -> None:
    layer = toy_layer(Memory(), "a")

    assert len(assemble(PLAN, [layer] * 127).layers) == 127
    with pytest.raises(ImageError, match="would have 128 layers, and engines mount 127"):
        assemble(PLAN, [layer] * 128)


def layer(
    owner: str, *items: str, kind: Kind = "file", data: str = "1", target: str = ""
) -> Contents:
    return Contents(items=tuple(Item(path, kind, 0o644, 1, data, target, owner) for path in items))


def test_two_owners_of_one_path_are_refused_with_both_names() -> None:
    with pytest.raises(InputError) as caught:
        check_owners([layer("a 1.0", "x/y.py", "z.py"), layer("b 2.0", "x/y.py", data="2")])

    assert caught.value.what == "1 paths have two owners with different contents"
    assert caught.value.why == "/x/y.py comes from a 1.0 and from b 2.0"


def test_equal_files_and_shared_folders_have_no_owner() -> None:
    check_owners(
        [
            layer("a 1.0", "x/y.py"),
            layer("b 2.0", "x/y.py"),
            layer("a 1.0", "x", kind="directory", data=""),
            layer("b 2.0", "x", kind="directory", data=""),
        ]
    )


def test_no_layer_takes_the_execute_bit_from_an_equal_file_below() -> None:
    """What shares a layer is decided by sizes, and must not decide whether a program starts."""
    program_, plain = (
        replace(layer(owner, "x"), items=(Item("x", "file", mode, 1, "1", "", owner),))
        for owner, mode in (("a 1.0", 0o755), ("b 2.0", 0o644))
    )

    check_owners([plain, program_])
    for layers in ([program_, plain], [plain, program_, plain]):
        with pytest.raises(InputError, match="different modes") as caught:
            check_owners(layers)
        assert caught.value.why == (
            "/x comes from a 1.0 and from b 2.0, only one of which may be executed"
        )


def test_links_to_different_places_clash() -> None:
    one = layer("a", "x", kind="symlink", data="", target="p")
    other = layer("b", "x", kind="symlink", data="", target="q")

    with pytest.raises(InputError, match="two owners"):
        check_owners([one, other])


def program(*needed: str, path: str = f"{SITE}/toy/x.so") -> Contents:
    needs = Needs(machine=62, needed=needed)
    return Contents(items=layer("toy 1.0", path).items, objects={path: needs})


def library(path: str, *, kind: Kind = "file", target: str = "") -> Contents:
    items = layer("libc6", path, kind=kind, target=target).items
    return Contents(items=items, objects={path: Needs(machine=62)} if kind == "file" else {})


def test_a_library_that_is_missing_stops_the_image_and_is_named() -> None:
    with pytest.raises(CheckFailed) as caught:
        check_libraries([program("libmissing.so.1")], AMD64)

    assert "libmissing.so.1" in str(caught.value.why)
    assert caught.value.exit_code == 1


def test_a_library_is_found_in_any_layer_through_links_and_the_search_path() -> None:
    needs = program("libx.so.1")

    in_system = library("usr/lib/x86_64-linux-gnu/libx.so.1")
    linked = library("usr/lib/x86_64-linux-gnu/libx.so.1", kind="symlink", target="libx.so.1.2")
    real = library("usr/lib/x86_64-linux-gnu/libx.so.1.2")
    elsewhere = library("opt/x/libx.so.1")

    assert check_libraries([in_system, needs], AMD64) == ()
    assert check_libraries([linked, real, needs], AMD64) == ()
    assert check_libraries([elsewhere, needs], AMD64, search_path=["/opt/x"]) == ()


def test_a_file_that_a_higher_layer_replaces_no_longer_counts() -> None:
    path = "usr/lib/x86_64-linux-gnu/libx.so.1"
    text_above = layer("other", path)

    with pytest.raises(CheckFailed):
        check_libraries([library(path), program("libx.so.1"), text_above], AMD64)


def test_a_hard_link_to_an_object_is_an_object() -> None:
    first = library("usr/lib/x86_64-linux-gnu/libx.so.1.2")
    path = "usr/lib/x86_64-linux-gnu/libx.so.1"
    link = Contents(
        items=(*first.items, Item(path, "hardlink", 0o644, 0, "", first.items[0].path, "x")),
        objects=first.objects,
    )

    assert check_libraries([link, program("libx.so.1")], AMD64) == ()


def test_what_is_loaded_on_demand_is_only_warned_about() -> None:
    plugin = program("libmissing.so.1", path=f"{SITE}/toy/plugins/x.so")

    (finding,) = check_libraries([plugin], AMD64)

    assert (finding.severity, finding.library) == ("warning", "libmissing.so.1")
