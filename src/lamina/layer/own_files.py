"""Own files: the project's own wheel → what is in it, by the files that it was made of."""

import posixpath
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from lamina.errors import ArchiveError
from lamina.layer.record import RecordRow, read_record
from lamina.oci.digest import Digest
from lamina.plan.inputs import file_row

_EXECUTABLE: Final = 0o111


def own_files(wheel: Path, directory: Path, sources: Sequence[Path]) -> dict[str, str]:
    """Return a row (see ``plan/inputs.py``) for each file of a wheel but RECORD.

    A file that is one of ``sources`` has that one's path from ``directory`` on; what the build
    backend wrote itself has its path in the wheel.  Nothing where the wheel cannot be read, which
    whoever makes its layer says better.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = {m.filename: m for m in archive.infolist() if not m.is_dir()}
            name = next(n for n in members if n.endswith(".dist-info/RECORD"))
            rows = read_record(archive.read(name).decode(), where=name)
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile, ArchiveError):
        return {}
    modes = {
        path: 0o755 if (member.external_attr >> 16) & _EXECUTABLE else 0o644
        for path, member in members.items()
    }
    by_name = _by_name(directory, sources)
    found = {}
    for path, row in rows.items():
        if path != name and path in members and row.algorithm == "sha256":
            size = members[path].file_size
            source = _source(path, row, size, by_name.get(posixpath.basename(path), {}))
            found[source or path] = file_row(modes[path], size, Digest(row.digest.hex()))
    return found


def _by_name(directory: Path, sources: Iterable[Path]) -> Mapping[str, Mapping[str, Path]]:
    found: dict[str, dict[str, Path]] = {}
    for path in sources:
        found.setdefault(path.name, {})[path.relative_to(directory).as_posix()] = path
    return found


def _source(path: str, row: RecordRow, size: int, among: Mapping[str, Path]) -> str:
    """Find the file that a member is a copy of: one that ends with its path and has its bytes."""
    ends = sorted((one for one in among if f"/{one}".endswith(f"/{path}")), key=len)
    return next((one for one in ends if _is_copy(among[one], row, size)), "")


def _is_copy(source: Path, row: RecordRow, size: int) -> bool:
    try:
        is_as_large = source.stat().st_size == size
        return is_as_large and Digest.of(source.read_bytes()).hex == row.digest.hex()
    except OSError:
        return False
