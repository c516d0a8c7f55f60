"""Which modules a distribution brings to import, as its RECORD says (PEP 376, PEP 427)."""

import csv
import posixpath
import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name

from lamina.rootfs.tree import Tree

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_DIST_INFO = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")
_MODULE = re.compile(r"(?P<name>[A-Za-z_]\w*)(\.[\w-]+)*\.(py|so)")
_MAX_RECORD = 64 << 20


def installed(tree: Tree, site_packages: str) -> dict[str, str]:
    """Map the normalized name of each distribution in ``site_packages`` to its dist-info path."""
    matches = ((name, _DIST_INFO.fullmatch(name)) for name in tree.names(site_packages))
    return {
        canonicalize_name(match["name"]): posixpath.join(site_packages, name)
        for name, match in matches
        if match
    }


def version_of(dist_info: str) -> str:
    """Tell the version of the distribution at ``dist_info``, as its folder has it.

    >>> version_of("opt/venv/lib/python3.11/site-packages/torch-2.1.0+cpu.dist-info")
    '2.1.0+cpu'
    """
    match = _DIST_INFO.fullmatch(posixpath.basename(dist_info))
    return match["version"] if match else ""


def find_site_packages(tree: Tree, prefixes: Iterable[str]) -> tuple[str, ...]:
    """Find the site-packages below ``prefixes``, such as "opt/venv", in order."""
    found = []
    for prefix in prefixes:
        lib = posixpath.join(prefix, "lib")
        pythons = [name for name in tree.names(lib) if name.startswith("python3")]
        for python in pythons:
            for packages in ("site-packages", "dist-packages"):
                path = posixpath.join(lib, python, packages)
                if tree.names(path):
                    found.append(path)
    return tuple(dict.fromkeys(found))


def python_of(tree: Tree, prefixes: Iterable[str]) -> str:
    """Tell the minor version of the Python that ``prefixes`` have packages for; "" for none."""
    found = find_site_packages(tree, prefixes)
    return found[0].split("/")[-2].removeprefix("python") if found else ""


def modules_of(tree: Tree, dist_info: str) -> tuple[str, ...]:
    """Name the modules to import for the distribution at ``dist_info``, sorted; maybe none.

    Private modules are left out where there are public ones.  Namespace packages are entered, down
    to the first real ones in them (``google.protobuf``).
    """
    record = tree.read(posixpath.join(dist_info, "RECORD"), limit=_MAX_RECORD)
    if record is None:
        top_level = tree.read(posixpath.join(dist_info, "top_level.txt")) or b""
        names = set(top_level.decode("utf-8", "replace").replace("/", ".").split())
    else:
        rows = csv.reader(record.decode("utf-8", "replace").splitlines())
        names = importable(row[0] for row in rows if row)
    public = {name for name in names if not name.split(".")[0].startswith("_")}
    return tuple(sorted(public or names))


def importable(paths: Iterable[str]) -> set[str]:
    """Name what can be imported of the files at ``paths``, relative to site-packages.

    >>> sorted(importable(["six.py", "a/__init__.py", "a/b.py", "google/x/__init__.py"]))
    ['a', 'google.x', 'six']
    """
    modules = {path: match["name"] for path in paths if (match := _module(path))}
    packages = {posixpath.dirname(path) for path, name in modules.items() if name == "__init__"}
    names = set()
    for path, name in modules.items():
        folders = posixpath.dirname(path).split("/") if "/" in path else []
        above = ("/".join(folders[:n]) for n in range(1, len(folders) + 1))
        package = next((folder for folder in above if folder in packages), None)
        if package is not None:
            names.add(package.replace("/", "."))
        elif not folders:
            names.add(name)
    return names


def _module(path: str) -> "re.Match[str] | None":
    folder, name = posixpath.split(path)
    if folder and not all(_IDENTIFIER.fullmatch(part) for part in folder.split("/")):
        return None  # dist-info, *.libs, ../bin: nothing that an import statement could name
    return _MODULE.fullmatch(name)
