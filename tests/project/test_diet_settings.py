"""The diet's table is read strictly, and off is off."""

import tomllib

import pytest

from lamina.errors import ProjectError
from lamina.project.diet_settings import Diet, read_diet
from lamina.project.settings import read_settings

FULL = """
tests = true
stubs = true
headers = false
debug-symbols = true
locales = ["pt_BR", "de", "de"]
stdlib = ["sqlite3", "_codecs_jp"]
drop = ["shop/data/*.csv", "shop/data"]
keep = ["shop/tests"]
"""


def test_every_line_is_read_and_what_has_no_order_gets_one() -> None:
    assert read_diet(tomllib.loads(FULL)) == (
        Diet(
            tests=True,
            stubs=True,
            debug_symbols=True,
            locales=("de", "pt_BR"),
            stdlib=("_codecs_jp", "sqlite3"),
            drop=("shop/data/*.csv", "shop/data"),
            keep=("shop/tests",),
        ),
        (),
    )


def test_without_a_table_nothing_is_left_out() -> None:
    assert read_diet({}) == (Diet(), ())


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("test = true", "test", "unknown setting, did you mean 'tests'?"),
        ("tests = 1", "tests", "expected true or false, got 1"),
        ("locales = true", "locales", "expected a list of languages that stay"),
        ('locales = ["Deutsch"]', "locales", "expected a list of languages that stay"),
        ('stdlib = ["lib-dynload"]', "stdlib", "expected a list of top-level modules"),
        ('drop = ["/etc"]', "drop", "expected a list of patterns"),
        ('keep = ["!x"]', "keep", "expected a list of patterns"),
        ('drop = ["[z-a]"]', "drop", "is not a class of characters"),
    ],
)
def test_what_is_wrong_is_named(text: str, key: str, problem: str) -> None:
    _, ((found, said),) = read_diet(tomllib.loads(text))

    assert found == key
    assert problem in said


def test_problems_come_with_those_of_all_other_settings() -> None:
    table = tomllib.loads('bytecode = "some"\nloaded = "../x"\n[diet]\nheader = true')

    with pytest.raises(ProjectError) as caught:
        read_settings(table, locate=lambda key: f"at {key}")

    assert caught.value.problems == (
        "at bytecode: tool.lamina.bytecode: expected 'none', 'imported' or 'all', got 'some'",
        "at loaded: tool.lamina.loaded: expected a path in the project, got '../x'",
        "at diet.header: tool.lamina.diet.header: unknown setting, did you mean 'headers'?",
    )
