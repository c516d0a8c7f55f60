"""A project whose image has every kind of layer: somebody's base, wheels, files, its own wheel."""

import io
import random
from pathlib import Path

from lamina.layer.write import LayerWriter
from lamina.layout.write import write_layout
from lamina.oci.config import RuntimeConfig
from lamina.oci.entry import Entry
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.testing.images import Memory
from lamina.testing.projects import own_backend, pylock
from lamina.testing.wheels import ToyWheel
from tests.elf.conftest import elf

SITE = "opt/venv/lib/python3.12/site-packages"
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u10

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2025b-0+deb12u1
"""
RELEASE = 'ID=debian\nVERSION_ID="12"\n'
_SETTINGS = """
include = ["*.txt"]
port = 8000
entrypoint = ["own"]

[tool.lamina.environment]
MODE = "production"

[tool.lamina.labels]
team = "models"
"""


def large_wheel(version: str = "1.0") -> ToyWheel:
    """Make a wheel that gets a layer apart from the small ones."""
    data = random.Random(7).randbytes(300_000)
    return ToyWheel(name="large", version=version, files={"large/data.bin": data})


def make_base(folder: Path) -> Path:
    """Write a base of two layers as a layout: Python and a C library, and what dpkg says."""
    content = Memory()
    libc = elf(soname="libc.so.6", provides=["GLIBC_2.17", "GLIBC_2.36"])
    lower = _layer(
        content,
        Entry(path="usr/lib/x86_64-linux-gnu/libc.so.6", data=libc),
        Entry(path="usr/local/bin/python3.12", mode=0o755, data=b"python"),
        Entry(path="usr/local/bin/python3", kind="symlink", mode=0o777, target="python3.12"),
    )
    upper = _layer(
        content,
        Entry(path="etc/os-release", data=RELEASE.encode()),
        Entry(path="var/lib/dpkg/status", data=STATUS.encode()),
        Entry(
            path="usr/local/lib/python3.12/site-packages/pip-24.0.dist-info/METADATA",
            data=b"Metadata-Version: 2.1\nName: pip\nVersion: 24.0\nLicense: MIT\n",
        ),
    )
    image = Image(
        platform=Platform("linux", "amd64"),
        layers=(lower, upper),
        runtime=RuntimeConfig(environment=(("PYTHON_VERSION", "3.12.4"),)),
    )
    write_layout(folder, image, content, names=())
    return folder


def make_project(folder: Path, *wheels: ToyWheel, base: str = "") -> Path:
    """Write a project with its own wheel, files, and a lock of ``wheels``."""
    own = ToyWheel(name="own", files={"own.py": b"def main(): ...\n"},
                   entry_points="[console_scripts]\nown = own:main\n")  # fmt: skip
    folder.mkdir(parents=True)
    own_backend(folder, own)
    (folder / "model.txt").write_text("weights")
    chosen = wheels or (ToyWheel(), ToyWheel(name="other", files={"other.py": b""}), large_wheel())
    locked = [wheel.locked(folder.parent / "wheels") for wheel in chosen]
    (folder / "pylock.toml").write_text(pylock(locked))
    path = folder / "pyproject.toml"
    base = base or f"oci:{make_base(folder.parent / 'base')}"
    path.write_text(path.read_text().replace('"scratch"', f'"{base}"') + _SETTINGS)
    return folder


def _layer(content: Memory, *entries: Entry) -> Layer:
    file = io.BytesIO()
    writer = LayerWriter(file)
    for entry in entries:
        writer.add(entry)
    layer, _ = writer.finish(created_by="somebody's base")
    content.blobs[layer.descriptor.digest] = file.getvalue()
    return layer
