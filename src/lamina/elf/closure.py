"""Check that every library an image's objects need is in the image, as ld.so will find it.

The check is a gate: it says before the first start what would otherwise be an ImportError in
production.  False alarms would make it worthless, so only what an import or a start really needs
is an error (see ``lamina.elf.importance``); the rest is a warning.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamina.elf.importance import (
    Severity,
    is_device_code,
    is_optional,
    is_root,
    wrong_machine_severity,
)
from lamina.elf.musl import find_musl, wants_glibc
from lamina.elf.needs import Needs, VersionNeed
from lamina.elf.packages import package_of
from lamina.elf.search import Search

_MACHINES = {
    3: "x86",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86-64",
    183: "AArch64",
    243: "RISC-V",
}
_NOT_FILES = re.compile(r"linux-(vdso|gate)\d*\.so\.\d+")
_MAX_LOADERS = 256  # objects that may hand down their RPATH to one library


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing an object would miss: ``what`` for people, the parts for programs.

    ``library`` is empty where the object itself is wrong.  ``hint`` may be empty.
    """

    severity: Severity
    path: str
    library: str
    what: str
    hint: str = ""


def check(
    objects: Mapping[str, Needs],
    links: Mapping[str, str],
    *,
    machine: int,
    extra_dirs: Iterable[str] = (),
) -> tuple[Finding, ...]:
    """Find what ``objects`` need and the image has not, errors first, then by path.

    Paths have no leading slash.  Hard links belong into ``objects``.  ``machine`` is the image's
    ``e_machine``.  ``extra_dirs`` are those of ld.so.conf and of the image's LD_LIBRARY_PATH.
    """
    native = {path: needs for path, needs in objects.items() if needs.machine == machine}
    musl = find_musl((*native, *links))
    search = Search(native, links, machine=machine, extra_dirs=extra_dirs, musl=musl)
    gate = _Gate(native, search, has_musl=musl is not None)
    findings = [*_foreign(objects, search, machine=machine), *gate.findings()]
    return tuple(sorted(findings, key=lambda f: (f.severity != "error", f.path, f.library)))


def _foreign(objects: Mapping[str, Needs], search: Search, *, machine: int) -> Iterator[Finding]:
    for path, needs in objects.items():
        if needs.machine == machine or is_device_code(needs.machine):
            continue
        yield Finding(
            severity=wrong_machine_severity(path, search.system_dirs),
            path=path,
            library="",
            what=f"{short(path)} is for {_name(needs.machine)}; the image is for {_name(machine)}",
            hint="lock the project for the image's platform",
        )


class _Gate:
    """The objects of one machine, and for each who loads it."""

    def __init__(self, objects: Mapping[str, Needs], search: Search, *, has_musl: bool) -> None:
        self._has_musl = has_musl
        self._objects = objects
        self._search = search
        self._loaders: dict[str, list[str]] = {}
        self._found: dict[tuple[str, str], str] = {}
        self._by_soname = _by_soname(objects)
        self._resolve()
        self._reached = self._reach()

    def findings(self) -> Iterator[Finding]:
        for path, needs in self._objects.items():
            yield from self._missing_interpreter(path, needs)
            for library in dict.fromkeys(needs.needed):
                if (path, library) not in self._found and not _NOT_FILES.fullmatch(library):
                    yield self._missing(path, library)
            if self._has_musl:
                yield from self._wrong_c_library(path, needs)
                continue  # musl knows no versions of symbols
            for wanted in needs.requires:
                yield from self._missing_versions(path, wanted)

    def _resolve(self) -> None:
        """Look up every need: by the object itself, then by what its loaders pass on."""
        open_needs = []
        for path, needs in self._objects.items():
            for library in needs.needed:
                found = self._search.direct(path, library)
                if found is None:
                    open_needs.append((path, library))
                else:
                    self._found[path, library] = found
                    self._loaders.setdefault(found, []).append(path)
        for path, library in open_needs:
            found = self._by_loaders(path, library)
            if found is not None:
                self._found[path, library] = found

    def _reach(self) -> set[str]:
        """Name what gets loaded: by an import, by a program, or by a library in a default place."""
        loads: dict[str, list[str]] = {}
        for (path, _), found in self._found.items():
            loads.setdefault(path, []).append(found)
        system_dirs = self._search.system_dirs
        queue = [path for path in self._objects if is_root(path, system_dirs)]
        reached = set(queue)
        while queue:
            fresh = set(loads.get(queue.pop(), ())) - reached
            reached |= fresh
            queue.extend(fresh)
        return reached

    def _severity(self, path: str, library: str) -> Severity:
        is_error = path in self._reached and not is_optional(path, library)
        return "error" if is_error else "warning"

    def _by_loaders(self, path: str, library: str) -> str | None:
        seen, queue = {path}, [path]
        while queue and len(seen) <= _MAX_LOADERS:
            loader = queue.pop(0)
            found = self._search.inherited(loader, library)
            if found is not None:
                return found
            fresh = [p for p in self._loaders.get(loader, ()) if p not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        return None

    def _missing(self, path: str, library: str) -> Finding:
        """Report a missing library; a warning if a neighbour may have loaded it by then."""
        neighbour = self._neighbour(path, library)
        if neighbour is not None:
            return Finding(
                severity="warning",
                path=path,
                library=library,
                what=f"{short(path)} needs {library}; it only finds it if {short(neighbour)} "
                "was loaded before",
            )
        package = package_of(library)
        return Finding(
            severity=self._severity(path, library),
            path=path,
            library=library,
            what=f"{short(path)} needs {library}; nothing in the image has it",
            hint=f'system-packages = ["{package}"]' if package else "",
        )

    def _neighbour(self, path: str, library: str) -> str | None:
        """Find the library in the same distribution, or in the ``*.libs`` of any."""
        top = _top(path)
        for other in self._by_soname.get(library, ()):
            other_top = _top(other)
            if other_top is not None and (other_top == top or other_top.endswith(".libs")):
                return other
        return None

    def _missing_interpreter(self, path: str, needs: Needs) -> Iterator[Finding]:
        loader = needs.interpreter
        if not loader or self._search.real(loader.lstrip("/")) is not None:
            return
        severity = self._severity(path, loader)
        if ".so" in posixpath.basename(path):
            severity = "warning"  # a library that can also be run, such as libc.so.6
        what = f"{short(path)} is started by {loader}; nothing in the image has it"
        yield Finding(severity=severity, path=path, library=loader, what=what)

    def _wrong_c_library(self, path: str, needs: Needs) -> Iterator[Finding]:
        if wants_glibc(needs):
            yield Finding(
                severity=self._severity(path, "libc.so.6"),
                path=path,
                library="libc.so.6",
                what=f"{short(path)} was built for glibc, and the image has musl",
                hint="use wheels for musl, or a base with glibc such as debian:bookworm",
            )

    def _missing_versions(self, path: str, wanted: VersionNeed) -> Iterator[Finding]:
        found = self._found.get((path, wanted.library))
        if found is None:
            return
        provided = self._objects[found].provides
        missing = [version for version in wanted.versions if version not in provided]
        if not missing:
            return
        severity = self._severity(path, wanted.library)
        newest = max(missing, key=_version_key)
        has = _newest(provided, like=newest)
        yield Finding(
            # ld.so complains and goes on where the library defines no versions at all (musl).
            severity=severity if provided else "warning",
            path=path,
            library=wanted.library,
            what=f"{short(path)} needs {newest} of {wanted.library}; "
            + (f"the image's has {has} at most" if has else "the image's does not have it"),
            hint="choose a newer base, or an older release of the distribution",
        )


def short(path: str) -> str:
    """Shorten a path below site-packages to what people know it by.

    >>> short("opt/venv/lib/python3.11/site-packages/lightgbm/lib/lib_lightgbm.so")
    'lightgbm/lib/lib_lightgbm.so'
    """
    for mark in ("/site-packages/", "/dist-packages/"):
        before, found, after = path.rpartition(mark)
        if found and before:
            return after
    return f"/{path}"


def _top(path: str) -> str | None:
    """Name the top-level folder of a distribution, or None outside of site-packages."""
    name = short(path)
    return None if name.startswith("/") else name.split("/", 1)[0]


def _by_soname(objects: Mapping[str, Needs]) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for path, needs in objects.items():
        for name in {needs.soname, posixpath.basename(path)} - {None}:
            paths.setdefault(str(name), []).append(path)
    return paths


def _version_key(version: str) -> tuple[str, tuple[int, ...]]:
    stem, _, numbers = version.rpartition("_")
    return stem, tuple(int(n) for n in re.findall(r"\d+", numbers))


def _newest(provided: Iterable[str], *, like: str) -> str | None:
    stem = _version_key(like)[0]
    same = [v for v in provided if _version_key(v)[0] == stem and _version_key(v)[1]]
    return max(same, key=_version_key, default=None)


def _name(machine: int) -> str:
    return _MACHINES.get(machine, f"machine {machine}")
