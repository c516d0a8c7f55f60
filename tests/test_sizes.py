"""One way to write a number of bytes for people."""

import doctest

import pytest

from lamina import sizes
from lamina.sizes import bytes_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (-1500, "-1.5 kB"),
        (1_234_567, "1.2 MB"),
        (642_000_000, "642.0 MB"),
        (1_650_000_000, "1.65 GB"),
        (3_000_000_000_000, "3000.00 GB"),
    ],
)
def test_sizes_are_in_the_units_of_registries(size: int, text: str) -> None:
    assert bytes_text(size) == text


def test_the_examples_of_the_docstring_are_true() -> None:
    found = doctest.testmod(sizes)

    assert (found.attempted > 0, found.failed) == (True, 0)
