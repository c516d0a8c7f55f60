"""Take stock: read what a store holds, without using any of it."""

import json
import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lamina.errors import ImageError, StoreError
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.store.blobs import Blobs
from lamina.store.needed import referred
from lamina.store.stock import Item, Kind, Stock
from lamina.store.store import ELSEWHERE, NAMES, RELEASE_DATES, Store
from lamina.store.table import read_row, row_name

_BLOCK: Final = 512
_OWN: Final = {"version", "running"}
_SHAPES: Final[Mapping[str, Mapping[str, Kind]]] = {
    "blobs/sha256": {r"[0-9a-f]{64}": Kind.BLOB},
    "wheels": {r"[0-9a-f]{64}\.whl": Kind.WHEEL, r"[0-9a-f]{16}\.partial": Kind.LEFTOVER},
    "files": {r"[0-9a-f]{64}": Kind.SDIST},
    "debian": {r"((url|scan)-)?[0-9a-f]{64}": Kind.PACKAGE, r"partial-.+": Kind.LEFTOVER},
    "toolchains": {r"[0-9a-f]{64}": Kind.TOOLCHAIN, r"partial-.+": Kind.LEFTOVER},
    "rootfs": {r"rootfs-.+": Kind.LEFTOVER},
    "ingest": {r"[0-9a-f]{24}|(buildkit|scan)-.+": Kind.LEFTOVER},
    "layers": {r"[0-9a-f]{64}\.json": Kind.LAYER_ROW},
    "contents": {r"[0-9a-f]{64}\.json": Kind.LAYER_ROW},
    "memory": {r"[0-9a-f]{64}\.json": Kind.FACT},
}
"""What the names in each folder of the store look like; nothing else is ours."""

_FOLDERS: Final = {Kind.LEFTOVER, Kind.TOOLCHAIN}
_IMAGE: Final = {"mediaType", "digest", "size"}


def take_stock(store: Store) -> Stock:
    """List what ``store`` holds.

    What disappears meanwhile is left out.  Raises ``StoreError`` where a folder cannot be read.
    """
    try:
        return _Taking(store.root).run()
    except OSError as error:
        raise StoreError(
            f"the store cannot be read: {error.strerror or error}",
            where=str(error.filename or store.root),
        ) from error


@dataclass(slots=True)
class _Taking:
    """One look at a store."""

    root: Path
    items: list[Item] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def run(self) -> Stock:
        tops = {folder.partition("/")[0] for folder in _SHAPES}
        self._refuse(self.root, tops | _OWN)
        self._refuse(self.root / "blobs", {"sha256"})
        for folder, shapes in _SHAPES.items():
            for entry in _listed(self.root / folder):
                self._add(Path(entry.path), shapes)
        self._describe_rows()
        return Stock(
            items=tuple(self.items),
            unknown=tuple(sorted(self.unknown)),
            broken=tuple(sorted(self.broken)),
        )

    def _refuse(self, folder: Path, known: set[str]) -> None:
        self.unknown += [Path(e.path) for e in _listed(folder) if e.name not in known]

    def _add(self, path: Path, shapes: Mapping[str, Kind]) -> None:
        kinds = (kind for shape, kind in shapes.items() if re.fullmatch(shape, path.name))
        kind = next(kinds, None)
        with suppress(FileNotFoundError):
            item = None if kind is None else _measure(path, kind)
            if item is None:
                self.unknown.append(path)
            else:
                self.items.append(item)

    def _describe_rows(self) -> None:
        """Say which rows are names of images, and which describe blobs."""
        blobs = Blobs(self.root / "blobs", self.root / "ingest")
        holders = _holders(self.items, blobs)
        items, self.items = self.items, []
        for item in items:
            if item.kind is Kind.LAYER_ROW:
                self.items.append(replace(item, holders=tuple(holders.get(item.path, ()))))
            elif item.kind is Kind.FACT:
                self._add_fact(item, blobs)
            else:
                self.items.append(item)

    def _add_fact(self, item: Item, blobs: Blobs) -> None:
        """Add a remembered row as what it is; what has to last is no item."""
        topic, name, value = _remembered(item)
        if topic == ELSEWHERE:
            self.items.append(replace(item, holders=(blobs.path(Digest.parse(name)),)))
            return
        if topic == RELEASE_DATES or (not topic and type(value) is int):
            return
        descriptor = _image(value)
        if descriptor is None:
            self.items.append(item)
            return
        digests, is_whole = referred(blobs, descriptor)
        if not is_whole:
            self.broken.append(name)
        needs = frozenset(map(blobs.path, digests))
        self.items.append(replace(item, kind=Kind.NAME, name=name, needs=needs))


def _listed(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)


def _measure(path: Path, kind: Kind) -> Item | None:
    """Measure a file or folder; None where ``path`` is not what its name says."""
    status = path.lstat()
    if kind in _FOLDERS and stat.S_ISDIR(status.st_mode):
        size, changed = _measure_folder(path, status)
    elif kind is not Kind.TOOLCHAIN and stat.S_ISREG(status.st_mode):
        size, changed = status.st_blocks * _BLOCK, _changed(status)
    else:
        return None
    return Item(
        kind=kind,
        path=path,
        size=size,
        used=status.st_mtime_ns,
        changed=changed,
        stamp=stamp_of(status),
    )


def stamp_of(status: os.stat_result) -> tuple[int, ...]:
    """Return what is different once somebody used or replaced a file or folder."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _measure_folder(path: Path, status: os.stat_result) -> tuple[int, int]:
    """Return the size of a folder, each file once, and when something in it changed last."""
    sizes = {status.st_ino: status.st_blocks * _BLOCK}
    changed = _changed(status)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            with suppress(FileNotFoundError, PermissionError):  # gone, or in another user's folder
                inner = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - names may be any bytes
                sizes[inner.st_ino] = inner.st_blocks * _BLOCK
                changed = max(changed, inner.st_ctime_ns)
    return sum(sizes.values()), changed


def _changed(status: os.stat_result) -> int:
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _holders(items: list[Item], blobs: Blobs) -> dict[Path, list[Path]]:
    """Find the blobs that rows of ``layers``, and by them rows of ``contents``, describe."""
    found: dict[Path, list[Path]] = defaultdict(list)
    for item in items:
        if item.kind is not Kind.LAYER_ROW or item.path.parent.name != "layers":
            continue
        with suppress(ImageError, KeyError, TypeError):
            row = _json(item.path)
            blob = blobs.path(Descriptor.from_json(row["descriptor"]).digest)
            contents = row_name(str(Digest.parse(row["diffId"])))
            found[item.path].append(blob)
            found[item.path.parent.parent / "contents" / contents].append(blob)
    return found


def _remembered(item: Item) -> tuple[str, str, Any]:
    """Return the topic of a row, the rest of its key, and its value if it may be an image.

    Rows that were written before keys were do not say their topic.
    """
    row = read_row(item.path)
    topic, _, rest = row[0].partition("\n") if row else ("", "", "")
    value = json.loads(row[1]) if row and topic in {NAMES, ""} else None  # others may be large
    return topic, rest, value


def _image(value: object) -> Descriptor | None:
    if isinstance(value, dict) and value.keys() >= _IMAGE:
        with suppress(ImageError):
            return Descriptor.from_json(value)
    return None


def _json(path: Path) -> Any:  # noqa: ANN401 - rows are JSON
    row = read_row(path)
    return None if row is None else json.loads(row[1])
