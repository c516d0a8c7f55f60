"""A browser lists each file of each layer once, and words narrow it down."""

from collections.abc import Callable

import pytest

from lamina.reports.browse import WASTE, Contents, FileRow, Mark, Order, Question, contents_of
from tests.anatomy.test_owners import SITE, distribution
from tests.anatomy.test_truth import apart
from tests.support.synthetic import filled, folder, gone, link

ANATOMY = apart(
    (folder("app"), filled("app/old", 50_000), filled("root/.cache/pip/x", 7000)),
    distribution("foo-1", filled(f"{SITE}/foo/a.py", 9000), filled(f"{SITE}/foo/b.so", 90_000)),
    (gone("app/old"), filled("app/copy", 9000, seed=f"{SITE}/foo/a.py"), link("app/way", "copy")),
)


@pytest.fixture(scope="module")
def contents() -> Contents:
    return contents_of(ANATOMY)


def paths(rows: tuple[FileRow, ...]) -> list[str]:
    return [row.path for row in rows]


def test_the_sizes_of_all_rows_add_up_to_the_image(contents: Contents) -> None:
    rows = contents.ask(Question())

    assert sum(row.size for row in rows) == ANATOMY.image_bytes
    assert sum(row.size for row in rows if row.mark is Mark.DEAD) == ANATOMY.dead_bytes
    assert "/app" not in paths(rows)


def test_each_layer_has_what_it_wrote(contents: Contents) -> None:
    """What a later layer killed is still in the layer that wrote it."""
    for layer in contents.layers:
        rows = contents.ask(Question(layer=layer.number))

        assert sum(row.size for row in rows) == layer.unpacked
    assert "/app/old" in paths(contents.ask(Question(layer=1)))


def test_the_largest_come_first_or_all_by_path(contents: Contents) -> None:
    by_size = contents.ask(Question())
    by_path = contents.ask(Question(order=Order.PATH))

    assert [row.size for row in by_size] == sorted((row.size for row in by_size), reverse=True)
    assert paths(by_path) == sorted(paths(by_path))
    assert set(by_path) == set(by_size)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("old", ["/app/old"]),
        ("OLD dead", ["/app/old"]),
        ("old live", []),
        ("pip cache", ["/root/.cache/pip/x"]),
        ("foo shared", [f"/{SITE}/foo/b.so"]),
        ("foo 1 .py", [f"/{SITE}/foo/a.py"]),
        ("symlink", ["/app/way"]),
        ("nothing-like-it", []),
    ],
)
def test_every_word_has_to_be_in_the_path_the_mark_the_owner_or_the_kind(
    contents: Contents, words: str, found: list[str]
) -> None:
    assert paths(contents.ask(Question(words=words))) == found


def test_a_mark_comes_with_its_reason(contents: Contents) -> None:
    rows = contents.ask(Question(marks=WASTE))

    copy = f"the same bytes as /{'app/copy'}"
    assert {row.path: (row.mark, row.why) for row in rows} == {
        "/app/old": (Mark.DEAD, "removed by layer 3"),
        "/root/.cache/pip/x": (Mark.JUNK, "pip cache"),
        f"/{SITE}/foo/a.py": (Mark.DUPLICATE, copy),
    }


@pytest.mark.parametrize("make", [lambda n: n, lambda n: f"d/{n}", lambda n: f"{n}/x"])
def test_no_name_can_steer_a_terminal(make: Callable[[str], str]) -> None:
    """Escapes, bells, line feeds, and marks that write from right to left."""
    name = make("a\x1b[2J\x07\n\u202eb")

    (row,) = contents_of(apart((filled(name, 10),))).ask(Question())

    assert row.path.isprintable()
    assert "a\ufffd[2J\ufffd" in row.path
