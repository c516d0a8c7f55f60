"""A file's kind shows in its name."""

import pytest

from lamina.weigh.kinds import Kind, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("numpy/core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so", Kind.OBJECTS),
        ("numpy.libs/libgfortran-040039e1.so.5.0.0", Kind.OBJECTS),
        ("numpy/core/tests/data/big.npz", Kind.TESTS),
        ("numpy/tests/test_lib.so", Kind.TESTS),
        ("numpy/conftest.py", Kind.TESTS),
        ("numpy/testing/_private/utils.py", Kind.CODE),
        ("numpy/core/include/numpy/ndarraytypes.h", Kind.HEADERS),
        ("numpy/core/lib/libnpymath.a", Kind.HEADERS),
        ("numpy/__init__.pyi", Kind.STUBS),
        ("numpy/py.typed", Kind.STUBS),
        ("numpy-1.26.4.dist-info/tests/LICENSE", Kind.METADATA),
        ("pkg/README.md", Kind.DOCS),
        ("share/man/man1/tool.1", Kind.DOCS),
        ("pkg/__pycache__/a.cpython-311.pyc", Kind.BYTECODE),
        ("plotly/package_data/plotly.min.js", Kind.DATA),
        ("bin/tool", Kind.DATA),
        ("contest.py", Kind.CODE),
        ("pkg/also.solid", Kind.DATA),
    ],
)
def test_a_path_has_the_kind_that_its_name_says(path: str, kind: Kind) -> None:
    assert kind_of(path) is kind
