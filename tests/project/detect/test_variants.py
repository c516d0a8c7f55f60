"""How optional dependencies are divided over images."""

from lamina.project.detect.detect import Detected
from tests.project.detect.snapshots import detected

_TABLES = """\
[build-system]

[project]
name = "shop"
dependencies = ["fastapi", "uvicorn"]

[project.optional-dependencies]
api = ["sqlalchemy"]
nlp = ["nltk"]

[dependency-groups]
dev = ["pytest"]
ui = ["streamlit"]
"""
_FILES = {
    "pyproject.toml": _TABLES,
    "src/shop/web.py": "import shop.base\nfrom fastapi import FastAPI\napp = FastAPI()\n",
    "src/shop/base.py": "import sqlalchemy\ntry:\n    import nltk\nexcept ImportError:\n    pass\n",
    "src/shop/page.py": "import streamlit as st\n",
    "tests/test_web.py": "import pytest\n",
}


def _values(found: Detected) -> dict[str, list[tuple[str, str]]]:
    return {
        "in": [one.value for one in found.split.included],
        "out": [one.value for one in found.split.left_out],
    }


def test_what_the_program_imports_when_it_starts_is_in_the_image() -> None:
    found = detected(_FILES)

    assert _values(found)["in"] == [("extra", "api")]
    assert found.split.included[0].why == "the program imports sqlalchemy when it starts"


def test_what_it_may_do_without_is_out() -> None:
    assert _values(detected(_FILES))["out"] == [
        ("extra", "nlp"),
        ("group", "dev"),
        ("group", "ui"),
    ]


def test_each_use_case_is_an_image_of_its_own_and_tools_are_none() -> None:
    variants = {one.name: one for one in detected(_FILES).split.variants}

    assert list(variants) == ["nlp", "ui"]
    assert variants["nlp"].extras == ("nlp",)
    assert variants["ui"].groups == ("ui",)


def test_a_page_among_them_gets_its_own_entry_point_and_port() -> None:
    variants = {one.name: one for one in detected(_FILES).split.variants}

    page = variants["ui"].service
    assert page is not None
    assert page.entrypoint.value[:3] == ("streamlit", "run", "src/shop/page.py")
    assert page.port.value == 8501
    assert variants["nlp"].service is None


def test_an_extra_and_a_group_of_one_name_are_one_image() -> None:
    text = _TABLES.replace('ui = ["streamlit"]', 'nlp = ["spacy"]')

    variants = detected({**_FILES, "pyproject.toml": text}).split.variants

    assert [(one.name, one.extras, one.groups) for one in variants] == [("nlp", ("nlp",), ("nlp",))]
