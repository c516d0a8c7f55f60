"""A diet leaves out what its lines name, and nothing that programs are known to read."""

import pytest

from lamina.plan.diet import LINES, Policy, describe, is_left_out, lines_of
from lamina.project.diet_settings import Diet

ALL = Diet(
    tests=True,
    stubs=True,
    headers=True,
    static_libraries=True,
    sources=True,
    source_maps=True,
    notebooks=True,
    locales=("de",),
)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("numpy/core/tests/test_umath.py", "tests"),
        ("numpy/core/tests/data/big.csv", "tests"),
        ("pandas/tests/__init__.py", "tests"),
        ("joblib/test/common.py", "tests"),
        ("numpy/__init__.pyi", "stubs"),
        ("numpy/core/include/numpy/arrayobject.h", "headers"),
        ("include/site/python3.11/greenlet/greenlet.h", "headers"),
        ("numpy/core/lib/libnpymath.a", "static-libraries"),
        ("fontTools/misc/bezierTools.c", "sources"),
        ("sklearn/tree/_tree.pyx", "sources"),
        ("pydeck/nbextension/static/index.js.map", "source-maps"),
        ("share/jupyter/nbextensions/catboost-widget/index.js", "notebooks"),
        ("jupyterlab_plotly/labextension/static/478.js", "notebooks"),
        ("django/conf/locale/fr/LC_MESSAGES/django.mo", "locales"),
        ("babel/locale-data/fr_CA.dat", "locales"),
    ],
)
def test_each_line_leaves_out_what_it_is_for(path: str, line: str) -> None:
    assert Policy(ALL).line(path) == line
    assert Policy(Diet()).line(path) == ""


@pytest.mark.parametrize(
    "path",
    [
        "numpy/testing/__init__.py",
        "pandas/_testing/__init__.py",
        "sklearn/utils/_testing.py",
        "tests/__init__.py",
        "werkzeug/test.py",
        "shop/test_prices.py",
        "astropy/tests/runner.py",
        "tensorflow/_api/v2/test/__init__.py",
        "django/test/client.py",
        "skimage/filters/__init__.pyi",
        "triton/backends/nvidia/include/cuda.h",
        "triton/backends/nvidia/driver.c",
        "numpy-1.26.4.dist-info/tests/METADATA",
        "numpy/py.typed",
        "ipyleaflet/labextension/package.json",
        "django/conf/locale/__init__.py",
        "django/conf/locale/en/LC_MESSAGES/django.mo",
        "django/conf/locale/de_AT/LC_MESSAGES/django.mo",
        "babel/locale-data/root.dat",
        "bin/f2py",
    ],
)
def test_what_programs_read_stays(path: str) -> None:
    assert Policy(ALL).line(path) == ""


def test_what_is_named_goes_with_its_folder_and_what_is_kept_wins() -> None:
    policy = Policy(
        Diet(tests=True, drop=("plotly/package_data", "*.txt"), keep=("**/keep.txt", "a/tests"))
    )

    assert policy.line("plotly/package_data/plotly.min.js") == "drop"
    assert policy.line("notes.txt") == "drop"
    assert policy.line("keep.txt") == policy.line("a/tests/test_a.py") == ""


def test_metadata_stays_even_if_it_is_named() -> None:
    assert Policy(Diet(drop=("**",))).line("numpy-1.26.4.dist-info/RECORD") == ""


def test_only_shared_objects_lose_their_symbols_and_none_that_is_kept() -> None:
    policy = Policy(Diet(debug_symbols=True, keep=("uvloop",)))

    assert policy.strips("numpy.libs/libopenblas.so.0.3")
    assert policy.strips("numpy/core/_simd.cpython-311-x86_64-linux-gnu.so")
    assert not policy.strips("numpy/core/_simd.py")
    assert not policy.strips("uvloop/loop.so")
    assert not Policy(Diet()).strips("numpy/core/_simd.so")


@pytest.mark.parametrize(
    ("path", "is_out"),
    [
        ("usr/lib/python3.11/sqlite3/dbapi2.py", True),
        ("usr/lib/python3.11/lib-dynload/_sqlite3.cpython-311-x86_64-linux-gnu.so", True),
        ("usr/lib/python3.11/_pydecimal.py", True),
        ("usr/lib/python3.11/decimal.py", False),
        ("usr/lib/python3.11/lib-dynload/_decimal.cpython-311-x86_64-linux-gnu.so", False),
        ("usr/lib/python3/dist-packages/sqlite3.py", False),
        ("usr/lib/x86_64-linux-gnu/libsqlite3.so.0", False),
    ],
)
def test_modules_of_the_standard_library_go_with_their_extensions(path: str, is_out: bool) -> None:  # noqa: FBT001 - a table
    assert is_left_out(("_pydecimal", "sqlite3"), path) is is_out


def test_every_setting_but_the_exceptions_is_a_line_with_its_risk() -> None:
    names = {name.replace("_", "-") for name in Diet.__slots__}

    assert {line.key for line in LINES} == names - {"keep"}
    assert all(line.what and line.risk for line in LINES)


def test_only_lines_that_are_on_are_listed() -> None:
    assert lines_of(Diet(keep=("x",))) == ()
    assert [line.key for line in lines_of(Diet(tests=True, locales=()))] == ["tests", "locales"]
    assert describe(Diet(tests=True, keep=("x",))) == {"tests": True, "keep": ["x"]}
    assert describe(Diet()) == {}
