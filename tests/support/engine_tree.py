"""An image as a Docker engine unpacks it, and what two of them differ by; nothing of ours."""

import hashlib
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

ADDED = (".dockerenv", "dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf",
         "etc/mtab")  # fmt: skip
"""How the paths start that a container has beside its image."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A path; ``content`` is a file's SHA-256 or a link's target."""

    kind: str
    mode: int
    uid: int
    gid: int
    content: str = ""
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Tree:
    """All paths; ``size`` are the bytes of regular files, hard links once."""

    entries: Mapping[str, Entry]
    size: int

    @cached_property
    def files(self) -> dict[str, Entry]:
        """All but directories, which no layer has to list."""
        return {path: e for path, e in self.entries.items() if e.kind != "directory"}


def exported(program: str | Path, name: str, environment: Mapping[str, str] | None = None) -> Tree:
    """Unpack an image by Docker, in a container that is never started."""
    made = subprocess.run(
        [program, "create", name, "/x"], check=True, capture_output=True, text=True, env=environment
    )
    container = made.stdout.strip()
    try:
        with subprocess.Popen(
            [program, "export", container], stdout=subprocess.PIPE, env=environment
        ) as process:
            assert process.stdout is not None
            return _tree(process.stdout)
    finally:
        subprocess.run([program, "rm", container], check=True, capture_output=True, env=environment)


def differing(old: Tree, new: Tree) -> dict[str, tuple[int, int]]:
    """Say which files differ, with their sizes before and after; 0 where there is none."""
    before, after = old.files, new.files
    return {
        path: (before[path].size if path in before else 0, after[path].size if path in after else 0)
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path)
    }


def _tree(stream: IO[bytes]) -> Tree:
    found: dict[str, Entry] = {}
    size = 0
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for info in archive:
            path = info.name.strip("/")
            if path and not path.startswith(ADDED):
                found[path] = _entry(archive, info, found)
                size += info.size
    return Tree(entries=found, size=size)


def _entry(archive: tarfile.TarFile, info: tarfile.TarInfo, found: Mapping[str, Entry]) -> Entry:
    if info.islnk():
        return found[info.linkname.strip("/")]
    rights = info.mode & 0o7777, info.uid, info.gid
    if info.isdir():
        return Entry("directory", *rights)
    if info.issym():
        return Entry("symlink", *rights, info.linkname)
    content = archive.extractfile(info)
    assert content is not None, info.name
    hasher = hashlib.sha256()
    while piece := content.read(1 << 20):
        hasher.update(piece)
    return Entry("file", *rights, hasher.hexdigest(), info.size)
