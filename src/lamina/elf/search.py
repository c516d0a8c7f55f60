"""Where ld.so looks for a library (ld.so(8)), over the paths of an image instead of a disk."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from lamina.elf.musl import DIRS as MUSL_DIRS
from lamina.elf.musl import is_musl_itself
from lamina.elf.needs import Needs

_MAX_LINKS = 40  # as the kernel's ELOOP

_TRIPLETS = {
    3: "i386-linux-gnu",
    21: "powerpc64le-linux-gnu",
    22: "s390x-linux-gnu",
    40: "arm-linux-gnueabihf",
    62: "x86_64-linux-gnu",
    183: "aarch64-linux-gnu",
    243: "riscv64-linux-gnu",
}


def default_dirs(machine: int, *, is_musl: bool = False) -> tuple[str, ...]:
    """Name the directories that ld.so searches without being told, without leading slashes."""
    if is_musl:
        return MUSL_DIRS
    triplet = _TRIPLETS.get(machine)
    multiarch = (f"lib/{triplet}", f"usr/lib/{triplet}") if triplet else ()
    return (*multiarch, "lib", "usr/lib", "lib64", "usr/lib64")


class Search:
    """Find libraries by name as ld.so would.

    ``objects`` are the image's ELF objects and ``links`` its symbolic links, by path without
    leading slash; ``extra_dirs`` are those of ld.so.conf and of LD_LIBRARY_PATH; ``musl`` is the
    path of musl, where that is the image's C library.
    """

    def __init__(
        self,
        objects: Mapping[str, Needs],
        links: Mapping[str, str],
        *,
        machine: int,
        extra_dirs: Iterable[str] = (),
        musl: str | None = None,
    ) -> None:
        self._objects = objects
        self._links = links
        self._machine = machine
        self._triplet = _TRIPLETS.get(machine, "")
        self._dirs: dict[str, str | None] = {"": ""}
        self._musl = self.real(musl) if musl else None
        system = (*(d.strip("/") for d in extra_dirs), *default_dirs(machine, is_musl=bool(musl)))
        self.system_dirs = tuple(dict.fromkeys(self._existing(system)))

    def real(self, path: str) -> str | None:
        """Follow symbolic links from ``path``; the path of an object, or None."""
        for _ in range(_MAX_LINKS):
            directory, name = posixpath.split(path)
            folder = self._real_dir(directory)
            if folder is None:
                return None
            path = posixpath.join(folder, name)
            if path not in self._links:
                return path if path in self._objects else None
            path = _join(folder, self._links[path])
        return None

    def in_dirs(self, name: str, dirs: Iterable[str]) -> str | None:
        """Find ``name`` in the first of ``dirs`` that holds it for the right machine."""
        for directory in dirs:
            path = self.real(posixpath.join(directory, name))
            if path is not None and self._objects[path].machine == self._machine:
                return path
        return None

    def direct(self, path: str, name: str) -> str | None:
        """Find what the object at ``path`` gets for ``name``, by itself."""
        needs, origin = self._objects[path], posixpath.dirname(path)
        if self._musl and is_musl_itself(name):
            return self._musl
        if "/" in name:  # a name with a slash is a path, searched nowhere
            return next((p for p in map(self.real, self._expand((name,), origin)) if p), None)
        own = needs.runpath or needs.rpath  # RPATH counts only where there is no RUNPATH
        return self.in_dirs(name, self._expand(own, origin)) or self.in_dirs(name, self.system_dirs)

    def inherited(self, path: str, name: str) -> str | None:
        """Find ``name`` by the RPATH of ``path``, for a library that it loads.

        glibc passes no RUNPATH on; musl does.
        """
        needs = self._objects[path]
        if needs.runpath and not self._musl:
            return None
        return self.in_dirs(
            name, self._expand(needs.runpath or needs.rpath, posixpath.dirname(path))
        )

    def _expand(self, paths: Iterable[str], origin: str) -> Iterator[str]:
        for path in paths:
            for lib in (f"lib/{self._triplet}", "lib64", "lib") if "$" in path else ("",):
                text = path
                for token, value in (("ORIGIN", f"/{origin}"), ("LIB", lib)):
                    text = text.replace(f"${{{token}}}", value).replace(f"${token}", value)
                if text.startswith("/"):  # what is relative depends on the working directory
                    yield posixpath.normpath(text).lstrip("/")

    def _existing(self, dirs: Iterable[str]) -> Iterator[str]:
        for directory in dirs:
            real = self._real_dir(directory)
            if real is not None:
                yield real

    def _real_dir(self, path: str, depth: int = 0) -> str | None:
        """Follow the links on the way to a directory; remembered, for libraries share few."""
        if path in self._dirs:
            return self._dirs[path]
        if depth > _MAX_LINKS:
            return None
        parent, name = posixpath.split(path)
        folder = self._real_dir(parent, depth + 1)
        result = None if folder is None else posixpath.join(folder, name)
        if result is not None and result in self._links:
            result = self._real_dir(_join(folder or "", self._links[result]), depth + 1)
        self._dirs[path] = result
        return result


def _join(folder: str, target: str) -> str:
    """Say where a link in ``folder`` leads; above the root is the root."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
