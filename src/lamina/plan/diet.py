"""Diet: which files of distributions an image does without, and what that risks; pure.

The rules are sound where a name says what a file is for.  What programs are known to read all the
same is listed as an exception; whatever else they might read, `lamina test` has to show.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lamina.project.diet_settings import Diet
from lamina.project.ignore import IgnoreRules

RULES_VERSION: Final = 1
"""Raised with every change of what a line leaves out, for it changes the bytes of layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a diet: its key in the settings, what goes, and what may then be missed."""

    key: str
    what: str
    risk: str


LINES: Final = (
    Line(key="tests", what="folders named test or tests inside packages",
         risk="code that imports its own tests, such as a package.test() function"),
    Line(key="stubs", what="type stubs (*.pyi)",
         risk="packages that read their stubs to load modules late"),
    Line(key="headers", what="C headers and Cython declarations",
         risk="compiling extensions inside the image"),
    Line(key="static-libraries", what="static libraries (*.a)",
         risk="linking programs inside the image"),
    Line(key="sources", what="C, C++, Fortran and Cython sources beside compiled modules",
         risk="kernels that are compiled when the program runs; tracebacks lose Cython's lines"),
    Line(key="source-maps", what="source maps of scripts and style sheets",
         risk="debugging of web pages shows minified code"),
    Line(key="notebooks", what="extensions and widgets for Jupyter",
         risk="interactive widgets in a notebook that runs in the image"),
    Line(key="locales", what="translations, but those of the languages that stay and of English",
         risk="texts in the other languages appear in English; Babel does not know these at all"),
    Line(key="drop", what="what you name",
         risk="whatever loads it: the build finds missing libraries, `lamina test` modules"),
    Line(key="debug-symbols", what="symbols and debug information of shared objects",
         risk="native stack traces and profilers show addresses instead of names"),
    Line(key="stdlib", what="modules of the standard library that you name",
         risk="whatever imports them"),
)  # fmt: skip
"""In the order of their use: the first line that takes a file counts it."""

_EXCEPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "tests": (
        "astropy/tests",  # astropy/__init__.py imports its runner
        "django/test",  # the API for tests of others, which management commands import
        "h5py/tests/__init__.py",  # h5py.run_tests
        "keras/**/test",  # keras.api.test and the like are parts of the API
        "tensorflow/**/test",  # tf.test, which tensorflow/__init__.py imports
        "torch/**/test",  # torch.distributed.elastic and others import them
        "twisted/test/proto_helpers.py",  # imported by other distributions
    ),
    "stubs": (  # lazy_loader.attach_stub reads them
        "eogrow", "librosa", "mne", "mne_*", "nilearn", "pyvista", "scikit_image", "skimage",
    ),
    "headers": (  # compiled against when the program runs
        "cupy", "cupyx", "nvidia", "pythran", "taichi", "tensorflow/include", "torch", "triton",
    ),
    "static-libraries": ("nvidia", "triton"),  # libdevice and cudadevrt
    "sources": ("cupy", "cupyx", "numba", "nvidia", "pyopencl", "pythran", "torch", "triton"),
}  # fmt: skip

_BY_NAME: Final[Mapping[str, re.Pattern[str]]] = {
    "stubs": re.compile(r".*\.pyi"),
    "headers": re.compile(r".*\.(h|hh|hpp|hxx|h\+\+|cuh|inl|pxd|pxi)"),
    "static-libraries": re.compile(r".*\.(a|la)"),
    "sources": re.compile(r".*\.(c|cc|cpp|cxx|c\+\+|cu|f|f90|pyx)"),
    "source-maps": re.compile(r".*\.(js|mjs|cjs|css)\.map"),
}
_TESTS: Final = frozenset({"test", "tests"})
_NOTEBOOKS: Final = re.compile(
    r"(share|etc)/jupyter/.*|([^/]+/)+(lab|nb)extension/(?!package\.json).*\.(js|css|json|txt|map)"
)
_TRANSLATION: Final = re.compile(
    r"(.*/)?(locales?/(?P<folder>[^/]+)/.*\.(mo|po|ftl)|locale-data/(?P<file>[^/]+)\.dat)"
)
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})([_@-].*)?")
_OBJECT: Final = re.compile(r"([^/]*/)*[^/]+\.so(\.[^/]*)?")
_STDLIB: Final = re.compile(
    r"usr/lib/python3(\.\d+)?/(?P<is_extension>lib-dynload/)?(?P<name>[^/.]+)([/.].*)?"
)
_ALWAYS: Final = frozenset({"en"})


class Policy:
    """A diet made ready for many paths.

    Paths are relative to site-packages, and those outside of it to the environment.
    """

    def __init__(self, diet: Diet) -> None:
        self._diet = diet
        self._names = {key: form for key, form in _BY_NAME.items() if _is_on(diet, key)}
        self._exceptions = {key: IgnoreRules(rows) for key, rows in _EXCEPTIONS.items()}
        self._drop = IgnoreRules(diet.drop)
        self._keep = IgnoreRules(diet.keep)
        self._languages = _ALWAYS | {_base(language) for language in diet.locales or ()}

    def line(self, path: str) -> str:
        """Name the line of the diet that leaves ``path`` out; empty for what stays.

        >>> Policy(Diet(tests=True)).line("numpy/core/tests/data/big.npz")
        'tests'
        """
        if ".dist-info/" in path or self._keep.ignores(path):
            return ""
        return next(self._lines(path), "")

    def strips(self, path: str) -> bool:
        """Say whether the file at ``path`` loses its symbols, if it is a shared object."""
        is_object = self._diet.debug_symbols and _OBJECT.fullmatch(path) is not None
        return is_object and not self._keep.ignores(path)

    def _lines(self, path: str) -> Iterator[str]:
        if self._diet.tests and _is_test(path) and not self._is_exception("tests", path):
            yield "tests"
        for key, form in self._names.items():
            if form.fullmatch(path) and not self._is_exception(key, path):
                yield key
        if self._diet.notebooks and _NOTEBOOKS.fullmatch(path):
            yield "notebooks"
        if self._diet.locales is not None and self._is_foreign(path):
            yield "locales"
        if self._diet.drop and self._drop.ignores(path):
            yield "drop"

    def _is_exception(self, key: str, path: str) -> bool:
        rules = self._exceptions.get(key)
        return rules is not None and rules.ignores(path)

    def _is_foreign(self, path: str) -> bool:
        match = _TRANSLATION.fullmatch(path)
        language = _LANGUAGE.fullmatch(match["folder"] or match["file"]) if match else None
        return language is not None and language[1] not in self._languages


def lines_of(diet: Diet) -> tuple[Line, ...]:
    """List the lines of a diet that are on."""
    return tuple(line for line in LINES if _is_on(diet, line.key))


def describe(diet: Diet) -> dict[str, object]:
    """Write the lines of a diet that are on, and their values, as the settings do."""
    lines = {line.key: getattr(diet, line.key.replace("-", "_")) for line in lines_of(diet)}
    values = {key: list(x) if isinstance(x, tuple) else x for key, x in lines.items()}
    return {**values, "keep": list(diet.keep)} if values and diet.keep else values


def is_left_out(stdlib: tuple[str, ...], path: str) -> bool:
    """Say whether a file of the base belongs to one of the modules that the diet leaves out.

    >>> is_left_out(("sqlite3",), "usr/lib/python3.11/lib-dynload/_sqlite3.cpython-311-arm64.so")
    True
    """
    match = _STDLIB.fullmatch(path)
    if match is None:
        return False
    name = match["name"]
    return name in stdlib or (match["is_extension"] is not None and name.lstrip("_") in stdlib)


def _is_on(diet: Diet, key: str) -> bool:
    if key == "locales":
        return diet.locales is not None  # an empty list keeps English alone
    return bool(getattr(diet, key.replace("-", "_")))


def _is_test(path: str) -> bool:
    """Say whether a path lies in a folder of tests that is inside a package."""
    return not _TESTS.isdisjoint(path.split("/")[1:-1])


def _base(language: str) -> str:
    return re.split("[_-]", language)[0]
