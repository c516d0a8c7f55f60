"""A dependency is called unused only where nothing speaks for it."""

from collections.abc import Mapping

import pytest
from packaging.utils import canonicalize_name

from lamina.weigh.evidence import known_implicit
from lamina.weigh.imports import Found, read_module
from lamina.weigh.usage import Evidence, State, Use, judge, loaded_modules
from lamina.weigh.weight import Weight
from tests.weigh.weights import graph, named, weight


def judged(
    weights: Mapping[str, Weight],
    direct: list[str],
    source: str = "import used",
    **evidence: object,
) -> dict[str, Use]:
    code = read_module(source, where="app.py")
    found = judge(
        graph(weights, direct),
        weights,
        Evidence(code=code, **evidence),  # type: ignore[arg-type] # each has its own type
    )
    return {use.name: use for use in found}


def test_what_is_imported_is_used_whatever_its_distribution_is_called() -> None:
    weights = named(weight("scikit-learn", modules=("sklearn",)))

    use = judged(weights, ["scikit-learn"], "from sklearn import svm")["scikit-learn"]

    assert (use.state, use.why) == (State.USED, "imported by app.py:1")


def test_what_nobody_imports_is_unused() -> None:
    weights = named(weight("streamlit"), weight("used"))

    found = judged(weights, ["streamlit", "used"])

    assert found["streamlit"].state is State.UNUSED
    assert found["used"].state is State.USED


def test_a_module_whose_name_begins_alike_is_another() -> None:
    weights = named(weight("attr"), weight("attrs"))

    found = judged(weights, ["attr", "attrs"], "import attrs")

    assert found["attr"].state is State.UNUSED


@pytest.mark.parametrize(
    "source",
    ["from google.cloud import storage", "import google.cloud.storage", "import google.cloud",
     "from google.cloud.storage.blob import Blob", "from google.cloud import *"],
)  # fmt: skip
def test_a_package_in_a_namespace_is_used_when_it_may_be_meant(source: str) -> None:
    weights = named(
        weight("google-cloud-storage", modules=("google.cloud.storage",)),
        weight("google-cloud-vision", modules=("google.cloud.vision",)),
    )

    found = judged(weights, list(weights), source)

    assert found["google-cloud-storage"].state is State.USED
    is_open = source in {"import google.cloud", "from google.cloud import *"}
    assert (found["google-cloud-vision"].state is State.USED) == is_open


def test_what_a_used_dependency_requires_is_not_unused() -> None:
    weights = named(weight("catboost", 1, "graphviz"), weight("graphviz", 1, "plotly"),
                    weight("plotly"))  # fmt: skip

    found = judged(weights, ["catboost", "plotly"], "import catboost")

    assert found["plotly"] == Use(name="plotly", state=State.NEEDED, why="graphviz requires it")


def test_what_only_an_unused_dependency_requires_is_unused_too() -> None:
    weights = named(weight("streamlit", 1, "altair"), weight("altair"), weight("used"))

    found = judged(weights, ["streamlit", "altair", "used"])

    assert found["altair"].state is State.UNUSED


def test_what_an_extra_of_a_used_one_names_may_be_used_by_it() -> None:
    """As pandas uses openpyxl, and FastAPI python-multipart: without importing it here."""
    pandas = weight("pandas", 1, "openpyxl; extra == 'excel'", extras=("excel",))
    weights = named(pandas, weight("openpyxl"))

    found = judged(weights, ["pandas", "openpyxl"], "import pandas")

    assert found["openpyxl"].state is State.OPTIONAL
    assert found["openpyxl"].why == "pandas[excel] names it"


@pytest.mark.parametrize(
    "extra", ["test", "tests", "dev", "docs", "all-dev", "test-ci", "benchmarking", "pre-commit"]
)
def test_an_extra_for_developers_says_nothing(extra: str) -> None:
    pandas = weight("pandas", 1, f"pytest; extra == '{extra}'", extras=(extra,))
    weights = named(pandas, weight("pytest"))

    assert judged(weights, list(weights), "import pandas")["pytest"].state is State.UNUSED


def test_what_may_be_used_keeps_what_it_requires() -> None:
    weights = named(
        weight("pandas", 1, "openpyxl; extra == 'excel'", extras=("excel",)),
        weight("openpyxl", 1, "et-xmlfile"),
        weight("et-xmlfile"),
    )

    found = judged(weights, list(weights), "import pandas")

    assert found["et-xmlfile"].state is State.NEEDED


def test_a_plugin_is_not_unused() -> None:
    weights = named(weight("pytest-cov", groups=("pytest11",)))

    found = judged(weights, ["pytest-cov"])["pytest-cov"]

    assert (found.state, found.why) == (State.PLUGIN, "registers pytest11")


@pytest.mark.parametrize(
    "source",
    ["connect('postgresql+psycopg://db')", "import_module('psycopg')", "x = 'psycopg.rows'"],
)
def test_what_a_text_names_is_used(source: str) -> None:
    assert judged(named(weight("psycopg")), ["psycopg"], source)["psycopg"].state is State.USED


def test_what_the_settings_start_is_used() -> None:
    weights = named(weight("gunicorn", scripts=("gunicorn",)), weight("uvicorn"))
    words = {"gunicorn": "tool.lamina.command", "uvicorn.workers.UvicornWorker": "Procfile:1"}

    found = judged(weights, list(weights), words=words)

    assert [use.state for use in found.values()] == [State.USED, State.USED]
    assert found["gunicorn"].why == "'gunicorn' stands in tool.lamina.command"


def test_what_was_loaded_is_used() -> None:
    loaded = tuple(loaded_modules("numpy\nnumpy.linalg\n_psutil_linux psutil"))

    found = judged(named(weight("psutil")), ["psutil"], loaded=loaded)

    assert found["psutil"].state is State.USED


def test_what_only_tests_import_is_told_apart() -> None:
    tests = read_module("import respx", where="tests/test_a.py")

    found = judged(named(weight("respx")), ["respx"], tests=tests)["respx"]

    assert (found.state, found.why) == (State.TESTS, "imported by tests/test_a.py:1")


def test_a_driver_is_not_unused_although_nobody_imports_it() -> None:
    """The address of the database may be known only where the image runs."""
    weights = named(weight("psycopg2-binary", modules=("psycopg2",)))

    found = judged(weights, ["psycopg2-binary"], implicit=known_implicit())["psycopg2-binary"]

    assert (found.state, found.why) == (
        State.OPTIONAL, "a database driver: the address of a database names it",
    )  # fmt: skip


def test_the_list_of_what_needs_no_import_has_normalized_names() -> None:
    names = known_implicit()

    assert {canonicalize_name(name) for name in names} == names.keys()


def test_without_code_nothing_is_said() -> None:
    found = judge(
        graph(named(weight("a")), ["a"]),
        named(weight("a")),
        Evidence(code=Found(), has_code=False),
    )

    assert [use.state for use in found] == [State.UNKNOWN]


def test_what_has_no_modules_is_not_judged() -> None:
    assert judged(named(weight("ruff", modules=())), ["ruff"])["ruff"].state is State.UNKNOWN
