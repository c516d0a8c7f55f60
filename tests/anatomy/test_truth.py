"""Live, dead and duplicate bytes are exact, on images whose truth is plain."""

from dataclasses import replace

import pytest

from lamina.anatomy.anatomy import Anatomy, take_apart
from lamina.anatomy.read import read_layer
from lamina.oci.image import Image
from lamina.plan.component import Component
from lamina.testing.images import Memory
from tests.support.synthetic import (
    Case,
    Row,
    filled,
    folder,
    gone,
    image_of,
    link,
    opaque,
    truth,
)

CASES = truth(10_007)


def anatomy_of(image: Image, content: Memory) -> Anatomy:
    layers = [read_layer(content.open(layer.descriptor), layer) for layer in image.layers]
    return take_apart(image, layers)


def apart(*layers: tuple[Row, ...]) -> Anatomy:
    return anatomy_of(*image_of(layers))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_byte_is_counted_as_what_it_is(case: Case) -> None:
    found = apart(*case.layers)

    assert found.live_bytes == case.live
    assert found.dead_bytes == case.dead
    assert found.duplicate_bytes == case.duplicate
    assert found.image_bytes == sum(nodes.size for nodes in found.layers) == case.live + case.dead
    assert found.efficiency == case.live / (case.live + case.dead)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_known_which_layer_wrote_dead_bytes_and_which_one_hid_them(case: Case) -> None:
    found: dict[tuple[int, int], int] = {}
    for dead in apart(*case.layers).dead:
        key = (dead.writer, dead.killer)
        found[key] = found.get(key, 0) + dead.size

    assert found == case.dead_by


def test_the_same_bytes_again_are_told_from_new_ones() -> None:
    same = apart((filled("a", 5000),), (filled("a", 5000, mode=0o755),))
    new = apart((filled("a", 5000),), (filled("a", 5000, seed="new"),))
    removed = apart((filled("a", 5000),), (gone("a"),))

    assert [x.dead[0].how for x in (same, new, removed)] == ["repeated", "replaced", "removed"]


def test_whiteouts_spare_what_their_own_layer_brings() -> None:
    """Whatever comes first in the tar."""
    before = apart((filled("d/old", 5000),), (gone("d"), filled("d/new", 6000)))
    after = apart((filled("d/old", 5000),), (filled("d/new", 6000), gone("d")))
    hidden = apart((filled("d/old", 5000),), (filled("d/new", 6000), opaque("d")))

    for found in (before, after, hidden):
        assert [part.path for part in found.parts if part.size] == ["d/new"]
        assert found.dead_bytes == 5000


def test_a_whiteout_of_nothing_hides_nothing() -> None:
    found = apart((filled("a", 5000),), (gone("b"), gone("c/d"), opaque("e")))

    assert (found.live_bytes, found.dead) == (5000, ())


def test_a_whiteout_that_has_bytes_wastes_them() -> None:
    sneaky = filled(".wh.a", 700)

    found = apart((filled("a", 5000),), (sneaky,))

    assert (found.live_bytes, found.dead_bytes) == (0, 5700)


def test_a_file_that_comes_through_a_link_is_where_the_link_leads() -> None:
    found = apart(
        (folder("usr"), folder("usr/lib"), link("lib", "usr/lib"), filled("usr/lib/a", 5000)),
        (filled("lib/a", 6000), filled("lib/b", 7000)),
    )

    assert {part.path: part.size for part in found.parts if part.size} == {
        "usr/lib/a": 6000,
        "usr/lib/b": 7000,
    }
    assert found.dead_bytes == 5000


@pytest.mark.parametrize("target", ["/usr/../usr/lib", "../../usr/./lib", "also"])
def test_links_lead_no_further_than_the_root(target: str) -> None:
    layers = (folder("usr/lib"), link("also", "/usr/lib"), link("lib", target))

    found = apart(layers, (filled("lib/a", 5000),))

    assert [part.path for part in found.parts if part.size] == ["usr/lib/a"]


def test_a_directory_takes_the_place_of_a_link() -> None:
    found = apart((folder("real"), link("d", "real")), (folder("d"), filled("d/a", 5000)))

    assert [part.path for part in found.parts if part.size] == ["d/a"]


def test_a_hard_link_counts_once_and_is_no_duplicate() -> None:
    found = apart((filled("a", 5000), link("b", "a", is_hard=True)))

    assert [(part.path, part.size, part.node.size) for part in found.parts] == [
        ("a", 5000, 5000),
        ("b", 0, 5000),
    ]
    assert (found.live_bytes, found.duplicate_bytes) == (5000, 0)


def test_small_files_are_no_duplicates() -> None:
    found = apart((filled("a", 4095, seed="x"), filled("b", 4095, seed="x")))

    assert found.duplicate_bytes == 0


def test_an_image_of_nothing_wastes_nothing() -> None:
    empty = apart()

    assert (empty.image_bytes, empty.efficiency, empty.tightness) == (0, 1.0, 1.0)


def test_what_is_junk_and_a_duplicate_counts_once_in_tightness() -> None:
    found = apart(
        (
            filled("app", 10_000),
            filled("root/.cache/pip/a", 5000, seed="same"),
            filled("root/.cache/pip/b", 5000, seed="same"),
        ),
    )

    assert (found.junk_bytes, found.duplicate_bytes) == (10_000, 5000)
    assert found.tightness == 0.5


_CACHE, _SITE = "root/.cache/uv/archive-v0/x", "usr/lib/python3/site-packages"


def test_a_package_is_no_junk_because_a_cache_has_another_name_of_it() -> None:
    """So uv installs with its cache in the image: each file has two names."""
    names = [f"p/{n}.so" for n in range(20)]
    cached = [filled(f"{_CACHE}/{name}", 5000, seed=name) for name in names]
    linked = [link(f"{_SITE}/{n}", f"{_CACHE}/{n}", is_hard=True) for n in names]

    found = apart((*cached, *linked))

    assert (found.live_bytes, found.junk_bytes, found.tightness) == (100_000, 0, 1.0)
    assert {part.path for part in found.parts if part.size} == {f"{_SITE}/{name}" for name in names}
    assert set(found.sizes(lambda part: part.component)) == {Component.DEPENDENCIES}


def test_a_file_all_of_whose_names_are_junk_is_junk() -> None:
    rows = (filled(f"{_CACHE}/a", 5000), link(f"{_CACHE}/b", f"{_CACHE}/a", is_hard=True))

    assert apart(rows).junk_bytes == 5000


def test_of_two_copies_the_one_in_a_cache_is_the_copy() -> None:
    found = apart((filled(f"{_CACHE}/a", 5000, seed="x"), filled(f"{_SITE}/a", 5000, seed="x")))

    assert {part.path: part.copy_of for part in found.parts} == {
        f"{_CACHE}/a": f"{_SITE}/a",
        f"{_SITE}/a": "",
    }
    assert (found.duplicate_bytes, found.junk_bytes, found.tightness) == (5000, 5000, 0.5)


def test_of_a_linked_file_and_a_copy_of_it_in_the_tests_the_copy_is_waste() -> None:
    rows = (
        filled(f"{_SITE}/x/tests/a", 9000, seed="q"),
        filled(f"{_SITE}/x/b", 9000, seed="q"),
        link(f"{_SITE}/x/c", f"{_SITE}/x/b", is_hard=True),
    )

    found = apart(rows)

    assert (found.live_bytes, found.duplicate_bytes, found.tightness) == (18_000, 9000, 0.5)


def test_a_layer_that_is_there_twice_is_all_dead_once() -> None:
    image, content = image_of(((filled("a", 5000),),))
    twice = replace(image, layers=image.layers * 2)

    found = anatomy_of(twice, content)

    assert (found.live_bytes, found.dead_bytes, found.duplicate_bytes) == (5000, 5000, 0)
