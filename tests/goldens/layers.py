"""What the golden layers are made of, and how they read; a script that prints them as well.

Nothing here depends on zlib but the digest of the layer of files: the wheel's deflate streams are
written by Lamina's own fixed encoder.
"""

import gzip
import hashlib
import io
import sys
import tarfile
import tempfile
from pathlib import Path

from lamina.engines.layers import LayerShop
from lamina.layer.compress import compressor
from lamina.layer.gzip_members import _packed
from lamina.layer.key import LAYOUT_VERSION
from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.plan.plan import FileLayer, PlannedFile, WheelLayer
from lamina.store.store import Store
from lamina.testing.wheels import ToyWheel
from tests.faults.raw_zip import STORED, Raw, raw_zip
from tests.support.toys import VENV

WHEEL = ToyWheel(
    name="golden",
    files={
        "golden/__init__.py": b"def main():\n    print('golden')\n",
        "golden/empty.txt": b"",
        "golden/stored.bin": bytes(range(256)) * 3,
        "golden/twin.bin": bytes(range(256)) * 3,
        "golden/unlike.bin": bytes(range(256)) * 3,
        "golden/\u00fcn\u00efcode.txt": b"0000000000000000\n",
        f"golden/{'long-' * 30}name.txt": b"a PAX header\n",
        "golden-1.0.data/scripts/golden-script": b"#!python\nprint('script')\n",
        "golden-1.0.data/data/share/doc/golden": b"documentation\n",
    },
    executables=("golden/stored.bin", "golden/twin.bin"),
    entry_points="[console_scripts]\ngolden = golden:main\n",
)
FILES = {"app/main.py": (0o644, b"print('hello')\n" * 20), "app/run.sh": (0o755, b"#!/bin/sh\n")}


def render() -> dict[str, str]:
    """Make the golden layers and describe each as text, by name."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "store")
        shop = LayerShop(store, VENV, "none", workers=1)
        layers = {
            "environment": shop.venv_layer("/app")[0][0],
            "wheel": _wheel_layer(shop, Path(folder)),
            "files": _file_layer(shop, Path(folder)),
        }
        return {name: _describe(layer, store) for name, layer in layers.items()}


def _wheel_layer(shop: LayerShop, folder: Path) -> Layer:
    path = folder / WHEEL.filename
    path.write_bytes(raw_zip([_member(name, data) for name, data in WHEEL.members.items()]))
    wheel = LockedWheel(
        name=WHEEL.name,
        version=WHEEL.version,
        filename=WHEEL.filename,
        digest=Digest.of(path.read_bytes()),
        size=path.stat().st_size,
    )
    return shop.wheel_layer(WheelLayer(name="wheel", wheels=(wheel,)), [path])[0][0]


def _member(name: str, data: bytes) -> Raw:
    mode = 0o100755 if name in WHEEL.executables else 0o100644
    if name.endswith("stored.bin"):
        return Raw(name=name, data=data, method=STORED, mode=mode)
    return Raw(name=name, data=data, packed=_packed(data), mode=mode)


def _file_layer(shop: LayerShop, folder: Path) -> Layer:
    planned = []
    for number, (path, (mode, data)) in enumerate(FILES.items()):
        source = folder / str(number)
        source.write_bytes(data)
        planned.append(
            PlannedFile(
                path=path, digest=Digest.of(data), size=len(data), mode=mode, source=str(source)
            )
        )
    layer = FileLayer(name="files", files=tuple(planned), directories=("app/empty",))
    return shop.file_layer(layer)[0][0]


def _describe(layer: Layer, store: Store) -> str:
    blob = store.blobs.path(layer.descriptor.digest).read_bytes()
    lines = [
        f"layout version {LAYOUT_VERSION}",
        f"digest     {layer.descriptor.digest}",
        f"size       {layer.size}",
        f"diff_id    {layer.diff_id}",
        f"compressor {compressor()}",
        "",
    ]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob)), encoding="utf-8") as archive:
        lines += [_line(archive, info) for info in archive]
    return "\n".join(lines) + "\n"


def _line(archive: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    content = archive.extractfile(info) if info.isreg() else None
    digest = hashlib.sha256(content.read()).hexdigest()[:12] if content else "-"
    kind = {tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l", tarfile.LNKTYPE: "h"}.get(info.type, "-")
    target = f" -> {info.linkname}" if info.linkname else ""
    owner = f"{info.uid}:{info.gid}"
    return (
        f"{kind}{info.mode:04o} {owner} {info.mtime} {info.size:>5} {digest:12} {info.name}{target}"
    )


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # whatever the locale
    for name, text in render().items():
        print(f"== {name}\n{text}", end="")  # noqa: T201 - a script
