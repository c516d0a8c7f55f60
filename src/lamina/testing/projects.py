"""Toy projects on disk: with locked wheels, and with a build backend of their own."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lamina.lock.lock import LockedWheel
from lamina.testing.wheels import ToyWheel

_BACKEND = """\
import os, shutil

def build_wheel(folder, config_settings=None, metadata_directory=None):
    shutil.copy("made/{filename}", folder)
    return "{filename}"
"""

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "{name}"
version = "{version}"

[tool.lamina]
base = "scratch"
"""


def pylock(wheels: Iterable[LockedWheel], *, markers: dict[str, str] | None = None) -> str:
    """Write a lock (PEP 751) of wheels; ``markers`` maps names to environment markers."""
    text = 'lock-version = "1.0"\ncreated-by = "lamina.testing"\npackages = []\n'
    rows = []
    for wheel in wheels:
        marker = (markers or {}).get(wheel.name)
        rows.append(
            f'[[packages]]\nname = "{wheel.name}"\nversion = "{wheel.version}"\n'
            + (f'marker = "{marker}"\n' if marker else "")
            + f'wheels = [{{name = "{wheel.filename}", url = "{wheel.url}", size = {wheel.size}, '
            f'hashes = {{sha256 = "{wheel.digest.hex}"}}}}]\n'
        )
    return text if not rows else text.replace("packages = []\n", "") + "\n" + "\n".join(rows)


def own_backend(folder: Path, wheel: ToyWheel | None = None) -> None:
    """Make a project whose backend needs nothing from an index: it hands out a finished wheel."""
    made = wheel or ToyWheel()
    made.write(folder / "made")
    (folder / "backend.py").write_text(_BACKEND.format(filename=made.filename), encoding="utf-8")
    text = _PYPROJECT.format(name=made.name, version=made.version)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def locked_project(folder: Path, wheels: Iterable[ToyWheel], *, settings: str = "") -> Path:
    """Make a project on ``scratch`` with a lock of ``wheels``, which lie in a folder beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder.parent / "wheels"
    locked = [wheel.locked(beside) for wheel in wheels]
    (folder / "pylock.toml").write_text(pylock(locked), encoding="utf-8")
    table = f'[tool.lamina]\nbase = "scratch"\n{settings}\n'
    (folder / "pyproject.toml").write_text(table, encoding="utf-8")
    return folder


def tree_digest(folder: Path) -> str:
    """Identify everything below ``folder``: names, modes and contents."""
    hasher = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        facts = f"{path.relative_to(folder)} {path.stat().st_mode} {len(content)}\n"
        hasher.update(facts.encode() + content)
    return hasher.hexdigest()
