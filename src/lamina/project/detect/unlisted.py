"""Unlisted: what the code imports where no file lists any dependency; pure."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lamina.project.detect.code import Code
from lamina.project.detect.dependencies import Dependencies
from lamina.project.detect.requirement_files import files_alike
from lamina.project.detect.snapshot import Snapshot

_SHOWN: Final = 5


def unlisted_advice(
    snapshot: Snapshot, dependencies: Dependencies, codes: Sequence[Code]
) -> tuple[str, ...]:
    """Say that the image will lack what the code imports, and where that may be listed."""
    return (*_of_workspace(snapshot), *_of_imports(snapshot, dependencies, codes))


def foreign_imports(snapshot: Snapshot, codes: Sequence[Code]) -> tuple[str, ...]:
    """Name the top-level modules that are neither Python's own nor the project's, sorted."""
    own = {part.removesuffix(".py") for path in snapshot.paths for part in path.split("/")}
    imported = {name.partition(".")[0] for code in codes for name in code.imports}
    return tuple(sorted(imported - own - sys.stdlib_module_names - {"__future__", ""}))


def _of_imports(
    snapshot: Snapshot, dependencies: Dependencies, codes: Sequence[Code]
) -> Iterator[str]:
    names = foreign_imports(snapshot, codes)
    if dependencies.file.value or dependencies.listed or not names:
        return
    files = files_alike(snapshot.paths)
    where = (
        f"`lamina lock --from FILE` locks what one of these lists: {_some(files)}"
        if files
        else "list them in requirements.in or in [project] of pyproject.toml, then `lamina lock`"
    )
    yield f"nothing lists dependencies, and the code imports {_some(names)}: {where}"


def _of_workspace(snapshot: Snapshot) -> Iterator[str]:
    document = snapshot.toml("pyproject.toml")
    if "project" in document or not _table(document, "tool", "uv", "workspace"):
        return
    name = "/pyproject.toml"
    folders = sorted(path.removesuffix(name) for path in snapshot.paths if path.endswith(name))
    where = f": run `lamina init` in {_some(folders)}" if folders else ""
    yield f"this is the root of a workspace, whose members are the programs{where}"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _table(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        found = document.get(name)
        document = found if isinstance(found, dict) else {}
    return document
