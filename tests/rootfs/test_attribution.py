"""What was loaded belongs to the distribution whose RECORD lists it."""

from pathlib import Path

import pytest

from lamina.rootfs.attribution import Seen, attribute, module_of
from lamina.rootfs.tree import Tree

SITE = "opt/venv/lib/python3.11/site-packages"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, rows in {
        "numpy-1.26.4": "numpy/__init__.py,,\nnumpy/core/_simd.cpython-311-x86_64-linux-gnu.so,,\n"
        "numpy.libs/libopenblas-r0.so,,\n../../../bin/f2py,,\n",
        "Typing_Extensions-4.0": "typing_extensions.py,,\n",
        "idle-1.0": "idle.py,,\n",
    }.items():
        folder = tmp_path / SITE / f"{name}.dist-info"
        folder.mkdir(parents=True)
        (folder / "RECORD").write_text(rows)
    return tmp_path


def test_modules_and_objects_are_listed_below_their_distribution(root: Path) -> None:
    seen = Seen()
    seen.add([{
        "modules": ["numpy", "numpy.core._simd", "json", "json.decoder", "__main__", "elsewhere"],
        "objects": [f"/{SITE}/numpy.libs/libopenblas-r0.so", "/usr/lib/libc.so.6", "[stack]"],
    }])  # fmt: skip
    seen.add([{"modules": ["typing_extensions"]}], is_program=True)

    with Tree(root) as tree:
        found = attribute(tree, [SITE], seen)

    assert found.python == "3.11"
    assert found.modules == {
        "numpy": ("numpy", "numpy.core._simd"), "typing-extensions": ("typing_extensions",),
    }  # fmt: skip
    assert found.objects == {"numpy": ("numpy.libs/libopenblas-r0.so",)}
    assert found.program == ("typing-extensions",)
    assert found.stdlib == ("json", "json.decoder")
    assert set(found.distributions) >= {"numpy", "typing-extensions"}
    assert "" not in found.distributions.values()


@pytest.mark.parametrize("path", ["numpy.libs/libopenblas.so", "../../../bin/f2py", "a.txt"])
def test_other_files_are_no_modules(path: str) -> None:
    assert module_of(path) == ""
