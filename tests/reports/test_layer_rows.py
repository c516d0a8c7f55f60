"""A layer's row says what became of its bytes, what made it, and what is in it."""

import doctest

from lamina.reports import layer_rows
from tests.anatomy.test_owners import SITE, distribution
from tests.anatomy.test_truth import apart
from tests.support.synthetic import filled, gone

LAYERS = (
    (filled("a", 50_000), filled("root/.cache/pip/x", 7000)),
    distribution("foo-1", filled(f"{SITE}/foo/a.py", 50_000, seed="a")),
    (gone("a"), filled("b", 50_000, seed="a")),
)


def test_the_examples_of_the_docstrings_are_true() -> None:
    found = doctest.testmod(layer_rows)

    assert (found.attempted > 0, found.failed) == (True, 0)


def test_each_byte_of_a_layer_is_live_or_dead_and_waste_is_of_the_layer_that_wrote_it() -> None:
    rows = layer_rows.layer_rows(apart(*LAYERS))

    assert [row.unpacked - row.live - row.dead for row in rows] == [0, 0, 0]
    assert [row.dead for row in rows] == [50_000, 0, 0]
    assert [row.junk for row in rows] == [7000, 0, 0]
    assert [row.duplicate for row in rows] == [0, 50_000, 0]
    assert [row.holds for row in rows] == ["", "foo 1", ""]
    assert [row.made_by for row in rows] == ["RUN 0", "RUN 1", "RUN 2"]
