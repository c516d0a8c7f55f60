"""The project's own wheel without its modules, and with the way to the mounted sources instead."""

import base64
import hashlib
import posixpath
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from lamina.errors import ProjectError

_TIME: Final = (1980, 1, 1, 0, 0, 0)
_ROOTS: Final = ("src", "lib", "python", "")
"""Where projects keep what they import, relative to pyproject.toml; the last is beside it."""


def editable_wheel(wheel: BinaryIO, directory: Path, *, mounted_at: str, name: str) -> bytes:
    """Rewrite the project's wheel for a dev image, in which ``directory`` is ``mounted_at``.

    Metadata and entry points stay, so commands and plugins are found; what is imported comes by a
    ``.pth`` file out of the mounted sources.  Equal metadata give equal bytes.  Raises
    ``ProjectError`` for what the sources do not hold: compiled modules, or packages that are kept
    elsewhere.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = [member for member in archive.namelist() if not member.endswith("/")]
        kept = {n: archive.read(n) for n in names if _is_metadata(n) and not n.endswith("/RECORD")}
    roots = _roots([n for n in names if not _is_metadata(n)], directory)
    lines = [posixpath.join(mounted_at, root).rstrip("/") or "/" for root in roots]
    return _zip({f"__editable__.{name}.pth": "".join(f"{x}\n" for x in lines).encode(), **kept})


def _is_metadata(name: str) -> bool:
    return name.partition("/")[0].endswith((".dist-info", ".data"))


def _roots(modules: Iterable[str], directory: Path) -> tuple[str, ...]:
    """Find the folders of ``directory`` that the wheel's top-level names come from."""
    modules = list(modules)
    if compiled := next((name for name in modules if name.endswith((".so", ".pyd"))), None):
        raise ProjectError(
            f"{compiled} is compiled, and a dev image takes modules from the sources",
            where=str(directory),
            hint="use the image itself, and build it again after each change",
        )
    found: dict[str, None] = {}
    for top in sorted({name.partition("/")[0] for name in modules}):
        root = next((root for root in _ROOTS if (directory / root / top).exists()), None)
        if root is None:
            raise ProjectError(
                f"{top} is in the project's wheel, and not where a dev image looks for sources",
                where=str(directory),
                hint="keep packages in src/, or beside pyproject.toml",
            )
        found[root] = None
    return tuple(found)


def _zip(members: Mapping[str, bytes]) -> bytes:
    dist_info = next(n.partition("/")[0] for n in members if ".dist-info/" in n)
    record = "".join(f"{name},{_hash(data)},{len(data)}\n" for name, data in members.items())
    record += f"{dist_info}/RECORD,,\n"
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (*members.items(), (f"{dist_info}/RECORD", record.encode())):
            info = zipfile.ZipInfo(name, _TIME)
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    return target.getvalue()


def _hash(data: bytes) -> str:
    """Write a digest as RECORD does (PEP 376)."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
