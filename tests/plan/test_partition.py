"""What a project has written down decides which wheels share a layer, and nothing else does."""

from dataclasses import replace

from lamina.plan.partition import partition
from tests.plan.histories import MB, wheel


def names(*sizes: tuple[str, int], groups: tuple[tuple[str, ...], ...]) -> list[list[str]]:
    layers = partition([wheel(name, size) for name, size in sizes], groups=groups)
    return [[layer.name, *(one.name for one in layer.wheels)] for layer in layers]


def test_written_layers_come_first_and_in_the_order_written() -> None:
    found = names(
        ("a", 9 * MB), ("b", 8 * MB), ("c", 10), ("d", 20), ("e", 30), groups=(("d", "b"), ("a",))
    )

    assert found == [["d and others", "b", "d"], ["a", "a"], ["tiny wheels", "c", "e"]]


def test_what_is_not_written_down_is_divided_by_size_above() -> None:
    found = names(("new", 9 * MB), ("newer", 2 * MB), ("a", 1), groups=(("a",),))

    assert found == [["a", "a"], ["new", "new"], ["medium wheels", "newer"]]


def test_a_wheel_stays_where_it_is_however_large_it_and_the_others_become() -> None:
    groups = (("a", "b"), ("c",))

    before = names(("a", 1), ("b", 1), ("c", 1), groups=groups)
    after = names(("a", 90 * MB), ("b", 1), ("c", 70 * MB), groups=groups)

    assert before == after


def test_a_layer_keeps_its_name_and_the_others_their_place_when_a_wheel_leaves() -> None:
    found = names(("b", 1), ("c", 1), groups=(("a", "b"), ("gone",), ("c",)))

    assert found == [["a and others", "b"], ["c", "c"]]


def test_large_wheels_share_when_the_written_layers_take_the_room() -> None:
    groups = tuple((f"w{n}",) for n in range(39))
    sizes = [(f"w{n}", 1) for n in range(39)] + [("x", 9 * MB), ("y", 8 * MB)]

    assert names(*sizes, groups=groups)[39:] == [["medium wheels", "x", "y"]]


def test_waivers_reach_written_layers() -> None:
    layers = partition([wheel("a"), wheel("b")], groups=(("a", "b"),), lenient=("b",))

    assert [layer.lenient for layer in layers] == [("b",)]


def test_the_bytes_of_a_layer_do_not_depend_on_the_order_written() -> None:
    wheels = [wheel("a"), wheel("b")]

    one, two = (partition(wheels, groups=(names,))[0] for names in (("a", "b"), ("b", "a")))

    assert replace(one, name="") == replace(two, name="")
