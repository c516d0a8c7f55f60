"""The list of loaded modules is a file that can be read again, and nothing else is one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.loaded import Loaded, parse_loaded, read_loaded

FOUND = Loaded(
    python="3.11",
    modules={"numpy": ("numpy", "numpy.core"), "shop": ("shop",), "streamlit": ("streamlit",)},
    objects={"numpy": ("numpy.libs/libopenblas.so",)},
    stdlib=("json",),
    program=("numpy", "shop"),
    distributions={"numpy": "2.1", "streamlit": "1.50"},
)


def test_what_is_written_is_read_again() -> None:
    assert parse_loaded(FOUND.to_text(), where="x") == FOUND


def test_a_list_of_an_older_version_is_read_and_names_no_distributions() -> None:
    members = json.loads(FOUND.to_text())
    del members["distributions"]

    assert parse_loaded(json.dumps(members), where="x") == replace(FOUND, distributions={})


def test_what_only_the_import_checks_loaded_is_not_used() -> None:
    assert FOUND.used == ("numpy", "numpy.core", "shop")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "numpy", '{"version": 2}', FOUND.to_text().replace('"numpy"', "7"),
     FOUND.to_text().replace("numpy.core", r"\ud800"),
     json.dumps({**json.loads(FOUND.to_text()), "distributions": [1]})],
)  # fmt: skip
def test_anything_else_is_refused_with_the_way_to_make_one(text: str) -> None:
    with pytest.raises(ProjectError, match="no list of loaded modules") as caught:
        parse_loaded(text, where="lamina.loaded.json")

    assert "lamina test IMAGE --loaded" in (caught.value.hint or "")


def test_a_file_that_is_missing_says_what_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "deploy" / "loaded.json"

    with pytest.raises(ProjectError, match='bytecode = "imported" needs a list') as caught:
        read_loaded(path)

    assert f"lamina test IMAGE --loaded {path}`" in (caught.value.hint or "")
