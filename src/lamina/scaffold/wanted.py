"""Wanted: what of a project its images are made of, so that no pattern may leave it out; pure."""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from lamina.project.detect.code import Code, read_code
from lamina.project.detect.snapshot import Snapshot
from lamina.project.foreign import is_package

GIT_IGNORED: Final = ".gitignore"
_SOURCE: Final = "src"
_BACKENDS: Final = frozenset({"flit", "hatch", "maturin", "pdm", "poetry", "scikit-build",
                              "setuptools", "setuptools_scm"})  # fmt: skip
_BUILD_FILES: Final = ("setup.cfg", "setup.py", "MANIFEST.in")
_NAME: Final = re.compile(r"[\w.+@/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``packages`` are folders, ``included`` patterns, ``named`` files and folders."""

    packages: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


def find_wanted(snapshot: Snapshot, include: Sequence[str] = ()) -> Wanted:
    """Say what of the files belongs to the program; ``include`` is the setting of this name."""
    return Wanted(
        packages=tuple(sorted(_packages(snapshot))),
        included=tuple(include),
        named=tuple(sorted(_named(snapshot))),
    )


def _packages(snapshot: Snapshot) -> set[str]:
    """Name the folders of the program: packages, what is below src, and what is imported."""
    homes = {path.rpartition("/")[0] for path in snapshot.modules if path.endswith("/__init__.py")}
    homes |= set(_below_source(snapshot.paths))
    homes |= set(_imported(snapshot))
    return {home for home in homes if not _parents(home) & homes}


def _below_source(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        folder, _, rest = path.partition("/")
        if folder == _SOURCE and "/" in rest and path.endswith(".py"):
            yield f"{folder}/{rest.partition('/')[0]}"


def _imported(snapshot: Snapshot) -> Iterator[str]:
    """Yield folders whose modules the program imports, whatever they are called.

    A folder of logs called like a distribution has no such module.
    """
    seen: set[str] = set()
    waiting = [read_code(snapshot.text(path), path=path) for path in snapshot.modules]
    while waiting:
        for name in _names(waiting.pop()) - seen:
            seen.add(name)
            if path := _module(name, snapshot):
                yield path.partition("/")[0]
                waiting.append(read_code(snapshot.text(path), path=path))


def _names(code: Code) -> set[str]:
    """Return every name that importing, or a function, imports, and the packages above each."""
    found = {*code.imports, *code.later}
    return found | {".".join(parts[:n]) for name in found if (parts := name.split("."))
                    for n in range(1, len(parts))}  # fmt: skip


def _module(name: str, snapshot: Snapshot) -> str:
    stem = name.replace(".", "/")
    candidates = (f"{stem}.py", f"{stem}/__init__.py")
    return next((path for path in candidates if "/" in path and path in snapshot.texts), "")


def _named(snapshot: Snapshot) -> Iterator[str]:
    """Yield what the files name that a build backend reads: a README, a licence, data.

    A project that is not built into a wheel has none.
    """
    document = snapshot.toml("pyproject.toml")
    if not is_package(document) and "setup.py" not in snapshot.paths:
        return
    texts = [_of_backends(document)]
    texts += [snapshot.text(name) for name in _BUILD_FILES]
    words = {posixpath.normpath(word) for text in texts for word in _NAME.findall(text)}
    folders = {folder for path in snapshot.paths for folder in _parents(path)}
    if "hatchling" in words:  # what it packs is what git does not ignore
        words.add(GIT_IGNORED)
    yield from words & snapshot.paths
    yield from (word for word in words & folders if "/" in word)


def _of_backends(document: Mapping[str, Any]) -> str:
    """Return what backends read of pyproject.toml; linters name tests and documents too."""
    tools = document.get("tool", {})
    kept = {k: v for k, v in tools.items() if k in _BACKENDS} if isinstance(tools, dict) else {}
    read = [document.get("project", {}), document.get("build-system", {}), kept]
    return json.dumps(read, default=str, ensure_ascii=False)


def _parents(path: str) -> set[str]:
    return {str(parent) for parent in PurePosixPath(path).parents} - {"."}
