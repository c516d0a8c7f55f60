"""Walk: a folder → the context that a builder would be sent, read no more than it has to be."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lamina.errors import LaminaError
from lamina.explain.context import Context, Entry, Selection
from lamina.explain.stat_cache import StatCache, short_digest
from lamina.project.ignore import IgnoreRules, read_patterns

_KINDS: Final = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}
_MOST: Final = 200_000
EVERYTHING: Final = Selection()


@dataclass(slots=True)
class _Walk:
    """One walk: what bounds it, and what it found."""

    root: Path
    rules: IgnoreRules
    digests: StatCache
    is_late: Callable[[], bool]
    selection: Selection
    entries: list[Entry] = field(default_factory=list)
    is_whole: bool = True


def read_rules(root: Path, dockerfile: Path) -> IgnoreRules:
    """Read the rules that hold for a Dockerfile: its own ``.dockerignore``, else the context's."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), root / ".dockerignore"):
        try:
            return IgnoreRules(read_patterns(path.read_text("utf-8", "replace")))
        except FileNotFoundError:
            continue
        except (OSError, LaminaError):
            break
    return IgnoreRules(())


def walk(
    root: Path,
    rules: IgnoreRules,
    digests: StatCache,
    is_late: Callable[[], bool],
    selection: Selection = EVERYTHING,
) -> Context:
    """Read what is selected of a context; never raise.

    What cannot be read is left out, and what is not read before ``is_late`` says so has no digest:
    ``is_whole`` is false then.
    """
    found = _Walk(root=root, rules=rules, digests=digests, is_late=is_late, selection=selection)
    _folder(found, "")
    digests.save()
    entries = tuple(sorted(found.entries, key=lambda entry: entry.path))
    return Context(entries=entries, is_whole=found.is_whole)


def _folder(found: _Walk, start: str) -> None:
    waiting = [start]
    while waiting and len(found.entries) < _MOST:
        folder = waiting.pop()
        try:
            with os.scandir(found.root / folder) as rows:
                children = sorted(rows, key=lambda row: row.name)
        except OSError:
            found.is_whole = False
            continue
        for child in children:
            path = f"{folder}/{child.name}" if folder else child.name
            if _add(found, child, path):
                waiting.append(path)
    found.is_whole = found.is_whole and not waiting


def _add(found: _Walk, child: "os.DirEntry[str]", path: str) -> bool:
    """Add an entry; say whether to look into it."""
    is_ignored = found.rules.ignores(path)
    try:
        if is_ignored and not child.is_dir(follow_symlinks=False):
            return False
        status = child.stat(follow_symlinks=False)
    except OSError:
        found.is_whole = False
        return False
    kind = _KINDS.get(stat.S_IFMT(status.st_mode))
    if is_ignored:
        if found.rules.has_exceptions and found.selection.leads_to(path):
            _add_kept(found, path, status)
        return False
    if kind is not None and found.selection.takes(path):
        found.entries.append(_entry(found, path, kind, status))
    return kind == "d" and found.selection.leads_to(path)


def _add_kept(found: _Walk, path: str, status: os.stat_result) -> None:
    """Read an ignored folder for what exceptions let in; with that, the folder is sent as well."""
    before = len(found.entries)
    _folder(found, path)
    if len(found.entries) > before and found.selection.takes(path):
        found.entries.append(Entry(path=path, kind="d", mode=stat.S_IMODE(status.st_mode)))


def _entry(found: _Walk, path: str, kind: str, status: os.stat_result) -> Entry:
    full = found.root / path
    digest = ""
    if kind == "l":
        digest = _target(full)
    elif kind == "f" and not found.is_late():
        digest = found.digests.digest(full, path, status, found.is_late)
    if kind != "d" and not digest:
        found.is_whole = False
    return Entry(
        path=path,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode) if kind != "l" else 0o777,
        size=status.st_size if kind == "f" else 0,
        digest=digest,
        attributes=_attributes(full),
    )


def _target(path: Path) -> str:
    try:
        return short_digest(os.fsencode(path.readlink()))
    except OSError:
        return ""


def _attributes(path: Path) -> str:
    """Return a digest of the extended attributes that are the user's; empty without any."""
    try:
        names = sorted(
            name
            for name in os.listxattr(path, follow_symlinks=False)
            if not name.startswith(("security.", "system."))
        )
        rows = [(name, os.getxattr(path, name, follow_symlinks=False)) for name in names]
    except OSError:
        return ""
    return short_digest(repr(rows).encode())[:8] if rows else ""
