"""The pieces of a verification: which layers belong together, and how documents differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.image.alignment import align
from lamina.image.document_difference import json_differences, names_twice, read_json
from lamina.image.index_difference import index_difference
from lamina.image.owners import owners_of
from lamina.layer.contents import Contents, Item
from lamina.oci.image import Index
from lamina.testing.images import Memory, toy_image

LAYERS = st.text(alphabet="abcd", max_size=8)


@given(expected=LAYERS, actual=LAYERS)
def test_every_layer_is_accounted_for_once(expected: str, actual: str) -> None:
    found = align(expected, actual)

    pairs = (*found.same, *found.moved, *found.changed)
    assert sorted([*found.missing, *(number for number, _ in pairs)]) == [*range(len(expected))]
    assert sorted([*found.extra, *(place for _, place in pairs)]) == [*range(len(actual))]
    assert all(expected[n] == actual[p] for n, p in (*found.same, *found.moved))
    assert all(expected[n] != actual[p] for n, p in found.changed)


@given(layers=LAYERS)
def test_equal_images_have_only_equal_layers(layers: str) -> None:
    found = align(layers, layers)

    assert found.same == tuple((number, number) for number in range(len(layers)))


def test_layers_with_something_in_common_are_compared_with_each_other() -> None:
    """Of two new layers in the place of one, the one that is like it."""
    found = align("abc", "axyc", alike=lambda number, place: int((number, place) == (1, 2)))

    assert (found.changed, found.extra) == (((1, 2),), (1,))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(one=JSON, other=JSON)
def test_documents_differ_exactly_where_something_is_said(one: Any, other: Any) -> None:
    lines = list(json_differences(one, other))

    assert bool(lines) == (repr_of(one) != repr_of(other))


def repr_of(value: Any) -> str:
    """Write a value so that 1 and true, and 0 and false, are not the same."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{repr_of(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(repr_of, value)) + "]"
    return repr(value)


@pytest.mark.parametrize(
    ("text", "is_double"),
    [
        (b'{"a": 1, "a": 1}', True),
        (b'{"b": [{"a": 1, "a": 2}]}', True),
        (b'{"a": {"a": 1}}', False),
        (b'[{"a": 1}, {"a": 1}]', False),
    ],
)
def test_a_member_that_is_there_twice_is_noticed(text: bytes, *, is_double: bool) -> None:
    assert names_twice(text) == is_double


def test_what_is_no_json_is_nothing() -> None:
    assert read_json(b"{") is None
    assert read_json(b"[" * 100_000) is None


def test_a_folder_of_one_distribution_is_its_own() -> None:
    items = (
        Item("site/numpy", "directory", 0o755, 0, "", "", ""),
        Item("site/numpy/a.py", "file", 0o644, 1, "0", "", "numpy 1"),
        Item("site/numpy/core/b.py", "file", 0o644, 1, "0", "", "numpy 1"),
        Item("site/six.py", "file", 0o644, 1, "0", "", "six 1"),
    )

    owners = owners_of(Contents(items=items))

    assert owners["site/numpy/a.py"] == owners["site/numpy/"] == "numpy 1"
    assert owners["site/"] == ""


def test_an_index_of_the_expected_images_is_compared_byte_by_byte() -> None:
    images = [toy_image(Memory(), "a", architecture=name) for name in ("amd64", "arm64")]
    data = Index(images=tuple(images)).index_bytes

    def lines(changed: bytes, **options: Any) -> tuple[str, ...]:
        return index_difference(changed, images, strange=(), **{"compares_bytes": True, **options})

    assert lines(data) == ()
    assert lines(data + b"\n") == ("has the same values, written in another way",)
    assert lines(data.replace(b'"arm64"', b'"riscv"')) == (
        'manifests.1.platform.architecture is "riscv" instead of "arm64"',
    )
    assert lines(data.replace(b'"arm64"', b'"riscv"'), compares_bytes=False) == ()
    assert lines(b'{"manifests": [], ' + data[1:]) == (
        "names a member twice, of which readers take one or the other",
    )
