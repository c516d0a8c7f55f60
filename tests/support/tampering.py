"""A layout whose image is changed, and all digests made right again, so that nothing else tells."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Entries = list[tuple[tarfile.TarInfo, bytes]]


class Tampered:
    """The only image of a layout; edit it, then :meth:`save` it."""

    def __init__(self, layout: Path) -> None:
        self._layout = layout
        self.index: dict[str, Any] = json.loads((layout / "index.json").read_bytes())
        self.manifest: dict[str, Any] = json.loads(self._blob(self.index["manifests"][0]))
        self.config: dict[str, Any] = json.loads(self._blob(self.manifest["config"]))
        self.config_bytes: bytes | None = None
        self.manifest_bytes: bytes | None = None

    @property
    def layers(self) -> list[dict[str, Any]]:
        """The descriptors of the layers."""
        return list(self.manifest["layers"])

    def find(self, path: str) -> int:
        """Say which layer has an entry at ``path``."""
        return next(
            number
            for number in range(len(self.layers))
            if any(info.name == path for info, _ in self.entries(number))
        )

    def entries(self, number: int) -> Entries:
        """Read a layer."""
        data = gzip.decompress(self._blob(self.layers[number]))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return [(info, _content(archive, info)) for info in archive]

    def edit(self, path: str, change: Callable[[tarfile.TarInfo, bytes], bytes | None]) -> None:
        """Let ``change`` alter the entry at ``path`` and return its new content."""
        number = self.find(path)
        entries = []
        for info, data in self.entries(number):
            new = change(info, data) if info.name == path else data
            entries.append((info, data if new is None else new))
        self.replace(number, entries)

    def add(self, number: int, name: str, data: bytes = b"", **members: Any) -> None:
        """Add an entry at the end of a layer."""
        info = tarfile.TarInfo(name)
        for key, value in members.items():
            setattr(info, key, value)
        self.replace(number, [*self.entries(number), (info, data)])

    def replace(self, number: int, entries: Entries, *, level: int = 6) -> None:
        """Write a layer of ``entries`` in place of one."""
        self.put(number, _tar(entries), level=level)

    def put(self, number: int, tar: bytes, *, level: int | None = 6) -> None:
        """Write a layer whose tar is ``tar`` in place of one; None does not compress it."""
        row = self.manifest["layers"][number]
        self.manifest["layers"][number] = {**row, **self._layer(tar, level)}
        self.config["rootfs"]["diff_ids"][number] = _digest(tar)

    def insert(self, number: int, entries: Entries) -> None:
        """Add a layer before the one at ``number``."""
        tar = _tar(entries)
        kind = self.layers[0]["mediaType"]
        self.manifest["layers"].insert(number, {"mediaType": kind, **self._layer(tar, 6)})
        self.config["rootfs"]["diff_ids"].insert(number, _digest(tar))
        self.config["history"].insert(number, {"created_by": "somebody"})

    def tar(self, number: int) -> bytes:
        """Return a layer, unpacked by gzip."""
        return gzip.decompress(self._blob(self.layers[number]))

    def save(self) -> None:
        """Write config, manifest and index.json."""
        config = self.config_bytes or _json(self.config)
        self.manifest["config"] |= self._put(config)
        manifest = self.manifest_bytes or _json(self.manifest)
        self.index["manifests"][0] |= self._put(manifest)
        (self._layout / "index.json").write_bytes(_json(self.index))

    def _layer(self, tar: bytes, level: int | None) -> dict[str, Any]:
        return self._put(tar if level is None else gzip.compress(tar, level, mtime=0))

    def _put(self, data: bytes) -> dict[str, Any]:
        digest = _digest(data)
        path = self._layout / "blobs/sha256" / digest.removeprefix("sha256:")
        if not path.exists():
            path.write_bytes(data)
        return {"digest": digest, "size": len(data)}

    def _blob(self, row: dict[str, Any]) -> bytes:
        digest = str(row["digest"])
        return (self._layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info) if info.isreg() else None
    return file.read() if file else b""


def _tar(entries: Entries) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in entries:
            info.size = len(data) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _json(value: object) -> bytes:
    """Write as Lamina does, so that equal values have equal bytes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()
