"""Sdists that bring their own build backend, so that a build needs nothing from an index."""

import io
import json
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lamina.errors import ToolError
from lamina.sdist.build import Order
from lamina.sdist.host_root import host_root
from lamina.sdist.requirements import Installer
from lamina.sdist.sandbox import Root, check

MakeSdist = Callable[..., Order]
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

PYPROJECT = """
[build-system]
requires = []
build-backend = "own.backend:hooks"
backend-path = ["."]
"""

BACKEND = """
import json, os, zipfile

def write_wheel(folder, name):
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("toy.py", "answer = 42")
    return name

class hooks:
    @staticmethod
    def build_wheel(folder, settings=None):
        {body}
        return write_wheel(folder, "{wheel}")
"""


@pytest.fixture
def make_sdist(tmp_path: Path) -> MakeSdist:
    """Make an sdist of toy 1.0 whose backend runs ``body`` first and then writes ``wheel``."""

    def make(
        body: str = "pass",
        *,
        wheel: str = "toy-1.0-py3-none-any.whl",
        files: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Order:
        backend = BACKEND.replace("{body}", body).replace("{wheel}", wheel)
        members = files or {"pyproject.toml": PYPROJECT, "own/backend.py": backend}
        members = {**members, **(more or {})}
        folder = tmp_path / "sdists"
        folder.mkdir(exist_ok=True)
        path = folder / "toy-1.0.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, text in members.items():
                info = tarfile.TarInfo(f"toy-1.0/{name}")
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        return Order(path=path, name="toy", version="1.0")

    return make


@pytest.fixture(scope="session")
def here() -> Root:
    """Find this machine's own Python as a root, or skip where no sandbox works."""
    try:
        check()
    except ToolError as error:
        pytest.skip(str(error.why))
    root = host_root(PYTHON)
    assert root is not None
    return root


@pytest.fixture
def installer() -> Installer:
    return Installer(program="/nothing/uv", environment={}, python=PYTHON, platform="linux")


@pytest.fixture
def dump() -> Callable[[str], str]:
    """Write a backend line that leaves what ``expression`` is as the end of the build's output."""
    return lambda expression: (
        f"import sys; print(json.dumps({expression})); sys.stdout.flush(); os._exit(9)"
    )


def last(text: str | None) -> object:
    """Read back what ``dump`` made a backend say."""
    return json.loads((text or "").splitlines()[-1])
