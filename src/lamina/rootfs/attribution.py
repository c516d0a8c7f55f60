"""Whose modules and shared objects were loaded, as the RECORDs of an image say."""

import csv
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lamina.project.loaded import Loaded
from lamina.rootfs.modules import installed, version_of
from lamina.rootfs.tree import Tree

_LARGEST_RECORD = 64 << 20
_MODULE = re.compile(r"(?P<path>[^.]+)(\.[\w-]+)*\.(py|so)")
_OBJECT = re.compile(r".*\.so(\.[^/]*)?")


@dataclass(slots=True)
class Seen:
    """What was seen to be loaded: names of modules, of them the program's, and mapped files."""

    modules: set[str] = field(default_factory=set)
    program: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)

    def add(self, values: Iterable[Mapping[str, Any]], *, is_program: bool = False) -> None:
        """Take the ``modules`` and ``objects`` that drivers reported."""
        for value in values:
            self.modules.update(value.get("modules", ()))
            self.objects.update(value.get("objects", ()))
            if is_program:
                self.program.update(value.get("modules", ()))


def attribute(tree: Tree, folders: Iterable[str], seen: Seen) -> Loaded:
    """Say which distribution in ``folders`` (site-packages, in order) brought what was seen."""
    modules: dict[str, tuple[str, ...]] = {}
    objects: dict[str, tuple[str, ...]] = {}
    versions: dict[str, str] = {}
    python = ""
    for folder in folders:
        python = python or folder.split("/")[-2].removeprefix("python")
        for name, dist_info in sorted(installed(tree, folder).items()):
            paths = tuple(_paths(tree, dist_info))
            versions.setdefault(name, version_of(dist_info))
            if own := sorted(seen.modules.intersection(map(module_of, paths))):
                modules.setdefault(name, tuple(own))
            if mapped := sorted(p for p in paths if f"/{folder}/{p}" in seen.objects):
                objects.setdefault(name, tuple(p for p in mapped if _OBJECT.fullmatch(p)))
    stdlib = {name for name in seen.modules if name.partition(".")[0] in sys.stdlib_module_names}
    return Loaded(
        python=python,
        modules=modules,
        objects={name: paths for name, paths in objects.items() if paths},
        stdlib=tuple(sorted(stdlib)),
        program=tuple(n for n, own in sorted(modules.items()) if seen.program.intersection(own)),
        distributions=versions,
    )


def module_of(path: str) -> str:
    """Name the module that a file is, relative to site-packages; empty for other files.

    >>> module_of("numpy/core/_simd.cpython-311-x86_64-linux-gnu.so"), module_of("six.py")
    ('numpy.core._simd', 'six')
    """
    match = _MODULE.fullmatch(path)
    return match["path"].removesuffix("/__init__").replace("/", ".") if match else ""


def _paths(tree: Tree, dist_info: str) -> Iterator[str]:
    record = tree.read(posixpath.join(dist_info, "RECORD"), limit=_LARGEST_RECORD)
    if record is not None:
        rows = csv.reader(record.decode("utf-8", "replace").splitlines())
        yield from (row[0] for row in rows if row)
