"""Requirements count as an installer counts them: by marker, by extra, for the image."""

import pytest

from tests.weigh.weights import graph, named, weight


def test_a_requirement_counts_when_its_marker_fits_the_image() -> None:
    weights = named(
        weight("a", 1, "linux-only; sys_platform == 'linux'", "win-only; sys_platform == 'win32'"),
        weight("linux-only"),
        weight("win-only"),
    )

    found = graph(weights, ["a"])

    assert found.needs["a"] == ("linux-only",)
    assert found.orphans == ("win-only",)


def test_an_extra_counts_when_somebody_asks_for_it() -> None:
    weights = named(
        weight("uvicorn", 1, "click", "uvloop; extra == 'standard'", extras=("standard",)),
        weight("click"),
        weight("uvloop"),
    )

    assert graph(weights, ["uvicorn"]).needs["uvicorn"] == ("click",)
    assert graph(weights, ["uvicorn[standard]"]).needs["uvicorn"] == ("click", "uvloop")


def test_extras_are_passed_on() -> None:
    """An extra that asks for another of the same distribution, and one of another's."""
    weights = named(
        weight("web", 1, "web[fast]; extra == 'all'", "server[tls]; extra == 'fast'"),
        weight("server", 1, "openssl; extra == 'tls'"),
        weight("openssl"),
    )

    found = graph(weights, ["web[all]"])

    assert found.needs == {"web": ("server",), "server": ("openssl",), "openssl": ()}


def test_what_an_extra_names_that_nobody_asked_for_may_be_used() -> None:
    weights = named(
        weight("pandas", 1, "openpyxl; extra == 'excel'", extras=("excel",)), weight("openpyxl")
    )

    assert graph(weights, ["pandas", "openpyxl"]).may_use["pandas"] == {"openpyxl": "excel"}


def test_names_are_compared_normalized() -> None:
    weights = named(weight("a", 1, "Zope.Interface"), weight("zope-interface"))

    assert graph(weights, ["A"]).needs["a"] == ("zope-interface",)


@pytest.mark.parametrize("text", ["not a requirement !", "b; python_version ~= 'soon'", "(((("])
def test_a_requirement_that_makes_no_sense_counts_for_nothing(text: str) -> None:
    assert graph(named(weight("a", 1, text), weight("b")), ["a"]).needs["a"] == ()


def test_a_direct_requirement_of_another_platform_is_not_direct() -> None:
    weights = named(weight("a"), weight("b"))

    assert graph(weights, ["a", "b; sys_platform == 'win32'"]).direct == ("a",)


def test_without_a_list_those_are_direct_that_nothing_requires() -> None:
    weights = named(weight("a", 1, "b"), weight("b"), weight("c", 1, "d"), weight("d", 1, "c"))

    found = graph(weights, [])

    assert found.direct == ("a", "c")  # of a circle, the first
    assert found.orphans == ()


def test_the_shortest_chain_says_what_brings_a_distribution_in() -> None:
    weights = named(
        weight("a", 1, "b", "c"), weight("b", 1, "d"), weight("c", 1, "e"), weight("d", 1, "e"),
        weight("e"), weight("f"),
    )  # fmt: skip

    found = graph(weights, ["a", "f"])

    assert found.chain("a", "e") == ("a", "c", "e")
    assert found.chain("f", "e") == ()
    assert found.chain("f", "f") == ("f",)
