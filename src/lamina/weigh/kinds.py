"""What kind of file a path is, judged by its name alone, as nothing else is known of it yet."""

import re
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a file is for; each file has one kind."""

    CODE = "code"
    OBJECTS = "shared objects"
    DATA = "data"
    TESTS = "tests"
    HEADERS = "headers and static libraries"
    STUBS = "type stubs"
    DOCS = "docs"
    METADATA = "metadata"
    BYTECODE = "bytecode"


_TEST_FOLDERS: Final = frozenset({"test", "tests"})
_TEST_FILE: Final = re.compile(r"test_[^/]*\.py|[^/]*_test\.py|conftest\.py")
_OBJECT: Final = re.compile(r"[^/]*\.so(\.\d+)*|[^/]*\.(pyd|dll|dylib)")
_HEADER: Final = re.compile(r"[^/]*\.(h|hh|hpp|hxx|h\+\+|cuh|inl|a|lib|pxd|pxi)")
_STUB: Final = re.compile(r"[^/]*\.pyi|py\.typed")
_DOC_FOLDERS: Final = frozenset({"doc", "docs", "man"})
_DOC: Final = re.compile(r"[^/]*\.(md|rst)")


def kind_of(path: str) -> Kind:
    """Judge a path in the environment.

    Whatever stands in a folder of tests is a test.

    >>> [str(kind_of(p)) for p in ("a/core.cpython-311-x86_64-linux-gnu.so", "a/tests/big.npz")]
    ['shared objects', 'tests']
    """
    *folders, name = path.split("/")
    if name.endswith(".pyc"):
        return Kind.BYTECODE
    if any(folder.endswith(".dist-info") for folder in folders):
        return Kind.METADATA
    if _TEST_FOLDERS.intersection(folders) or _TEST_FILE.fullmatch(name):
        return Kind.TESTS
    return _by_name(name, is_below_docs=bool(_DOC_FOLDERS.intersection(folders)))


def _by_name(name: str, *, is_below_docs: bool) -> Kind:
    for pattern, kind in ((_OBJECT, Kind.OBJECTS), (_HEADER, Kind.HEADERS), (_STUB, Kind.STUBS)):
        if pattern.fullmatch(name):
            return kind
    if name.endswith(".py"):
        return Kind.CODE
    return Kind.DOCS if is_below_docs or _DOC.fullmatch(name) else Kind.DATA
