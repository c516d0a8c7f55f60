"""Whether an sdist holds sources of compiled languages, so that a compiler may change its wheel."""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from lamina.errors import ArchiveError
from lamina.layer.entries import LayerReader

_SUFFIXES: Final = frozenset(
    (".c", ".cc", ".cpp", ".cxx", ".f", ".f90", ".pxd", ".pyx", ".rs", ".s")
)


def has_native_sources(sdist: Path, *, name: str) -> bool:
    """Say whether there is such a file, without unpacking anything.

    ``name`` is for messages.  Raises ``ArchiveError`` if the sdist is malformed.
    """
    names = _zip_names(sdist) if name.endswith(".zip") else _tar_names(sdist, name)
    return any(PurePosixPath(path).suffix.lower() in _SUFFIXES for path in names)


def _tar_names(sdist: Path, name: str) -> Iterator[str]:
    with sdist.open("rb") as stream:
        yield from (member.path for member in LayerReader(stream, where=name, what="sdist"))


def _zip_names(sdist: Path) -> list[str]:
    try:
        with zipfile.ZipFile(sdist) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError("the sdist is no zip file", where=sdist.name, why=str(error)) from error
