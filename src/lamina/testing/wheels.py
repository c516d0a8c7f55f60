"""Small real wheels made on the spot: valid ones, and with ``members`` changed, any other kind."""

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest

_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class ToyWheel:
    """A wheel to be written; ``files`` go in as they are, beside the metadata that is made here.

    ``entry_points`` is the text of ``entry_points.txt``; ``executables`` are the names in ``files``
    that get mode 0755; ``wrong_hashes`` are names whose line in RECORD lies.
    """

    name: str = "toy"
    version: str = "1.0"
    tag: str = "py3-none-any"
    files: Mapping[str, bytes] = field(default_factory=lambda: {"toy.py": b"answer = 42\n"})
    entry_points: str = ""
    requires: tuple[str, ...] = ()
    executables: tuple[str, ...] = ()
    wrong_hashes: tuple[str, ...] = ()
    compression: int = zipfile.ZIP_DEFLATED

    @property
    def filename(self) -> str:
        """The wheel's file name (Binary distribution format, "File name convention")."""
        return f"{self.name.replace('-', '_')}-{self.version}-{self.tag}.whl"

    @property
    def dist_info(self) -> str:
        """The name of its metadata folder."""
        return f"{self.name.replace('-', '_')}-{self.version}.dist-info"

    @property
    def members(self) -> dict[str, bytes]:
        """Every member in the order of the zip, RECORD last."""
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        lines += [f"Requires-Dist: {text}" for text in self.requires]
        pure = str(self.tag.endswith("-none-any")).lower()
        wheel = f"Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: {pure}\nTag: {self.tag}\n"
        members = {
            **self.files,
            f"{self.dist_info}/METADATA": ("\n".join(lines) + "\n").encode(),
            f"{self.dist_info}/WHEEL": wheel.encode(),
        }
        if self.entry_points:
            members[f"{self.dist_info}/entry_points.txt"] = self.entry_points.encode()
        members[f"{self.dist_info}/RECORD"] = self._record(members)
        return members

    def write(self, directory: Path) -> Path:
        """Write the wheel into ``directory`` under its own name; equal wheels have equal bytes."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / self.filename
        write_zip(path, self.members, executables=self.executables, compression=self.compression)
        return path

    def locked(self, directory: Path) -> LockedWheel:
        """Write the wheel, and name it as a lock does, by digest and ``file:`` address."""
        path = self.write(directory)
        return LockedWheel(
            name=self.name,
            version=self.version,
            filename=self.filename,
            digest=Digest.of(path.read_bytes()),
            size=path.stat().st_size,
            url=path.as_uri(),
        )

    def _record(self, members: Mapping[str, bytes]) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for name, data in members.items():
            code = _code(b"?" if name in self.wrong_hashes else data)
            writer.writerow((name, f"sha256={code}", len(data)))
        writer.writerow((f"{self.dist_info}/RECORD", "", ""))
        return out.getvalue().encode()


def write_zip(
    path: Path,
    members: Mapping[str, bytes],
    *,
    executables: tuple[str, ...] = (),
    compression: int = zipfile.ZIP_DEFLATED,
) -> None:
    """Write ``members`` as a zip at ``path``, with fixed times and Unix modes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system = 3
            info.external_attr = (0o100755 if name in executables else 0o100644) << 16
            info.compress_type = compression
            archive.writestr(info, data)


def _code(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
