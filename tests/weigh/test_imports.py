"""What a module imports is known without running it."""

import json

import pytest

from lamina.weigh.imports import merge, names_in, read_module, read_notebook


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
import numpy as np, os.path
from sklearn.metrics import f1_score
from pandas import *
from . import ours
from .views import view
try:
    import orjson
except ImportError:
    pass
def late():
    from xgboost import XGBClassifier
"""

    found = read_module(source, where="a.py")

    assert found.packages == {
        "numpy": "a.py:2", "os.path": "a.py:2", "pandas": "a.py:4", "orjson": "a.py:8",
    }  # fmt: skip
    assert found.imports == {"sklearn.metrics.f1_score": "a.py:3",
                             "xgboost.XGBClassifier": "a.py:12"}  # fmt: skip


def test_names_in_texts_are_found() -> None:
    source = """
importlib.import_module("catboost")
pd.read_excel(path, engine="openpyxl")
uvicorn.run("shop.web:app", loop="uvloop")
create_engine(f"postgresql+psycopg://{user}@db")
MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]
raise ValueError("install plotly first")
"""

    found = read_module(source, where="a.py")

    assert {"catboost", "openpyxl", "uvloop", "psycopg", "shop.web"} <= found.texts.keys()
    assert "whitenoise.middleware.WhiteNoiseMiddleware" in found.texts
    assert "plotly" not in found.texts
    assert found.computed == ()


def test_a_computed_name_is_told() -> None:
    source = "import_module('numpy')\nimport_module(name)\n__import__(f'{a}.b')\nsorted(name)\n"

    assert read_module(source, where="a.py").computed == ("a.py:2", "a.py:3")


def test_what_is_not_valid_is_searched_for_statements() -> None:
    """Cython, templates, Python 2."""
    source = "cimport numpy as cnp\nfrom scipy.linalg cimport blas\nimport yaml\ncdef int x\n"

    found = read_module(source, where="a.pyx")

    assert {"numpy", "scipy.linalg", "yaml"} <= found.packages.keys()


def test_a_notebook_is_read_cell_by_cell() -> None:
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import seaborn\n"]},
        {"cell_type": "markdown", "source": ["import nothing"]},
        {"cell_type": "code", "source": "!pip install x\nimport statsmodels.api as sm"},
    ]

    found = read_notebook(json.dumps({"cells": cells}), where="a.ipynb")

    assert found.packages.keys() == {"seaborn", "statsmodels.api"}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 1}', '{"cells": [{}]}', "[" * 9999])
def test_a_malformed_notebook_has_no_code(text: str) -> None:
    assert read_notebook(text, where="a.ipynb").packages == {}


@pytest.mark.parametrize("source", ["\0", "(" * 5000, "x = '\\d'", "\ufeffimport a"])
def test_no_source_is_too_strange(source: str) -> None:
    read_module(source, where="a.py")


def test_of_several_modules_the_first_place_stays() -> None:
    parts = [read_module("import a", where="1.py"), read_module("import a, b", where="2.py")]

    assert merge(parts).packages == {"a": "1.py:1", "b": "2.py:1"}


def test_a_sentence_names_nothing() -> None:
    assert list(names_in("a sentence about numpy")) == []
    assert list(names_in("")) == []
