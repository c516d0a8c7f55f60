"""Base ``debian:SUITE``: assembled from Debian packages, straight from the archive."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from lamina.bases.debian_bytecode import Compile, CompileOnce
from lamina.bytecode.compiler import Compiler, find_interpreter
from lamina.debian.ld_cache import Architecture
from lamina.debian.rules import RULES_VERSION
from lamina.debian.selection import DebianPackage, DebianSelection
from lamina.errors import ImageError, NetworkError, ToolError, UsageError
from lamina.events import LayerBuilt
from lamina.layer.contents import Contents
from lamina.layer.key import base_layer_key
from lamina.layer.memo import Finished, Memo
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.parallel import Later
from lamina.plan.component import Component
from lamina.plan.plan import BaseImage, SystemPackage
from lamina.steps import Clock, Step
from lamina.store.store import Store

_FRESH_S = 24 * 3600
_COMPILERS = 2

Part = Literal["base", "system"]
_Made = tuple[Layer, bool]
"""A layer, and whether it was in the store."""


class Archive(Protocol):
    """What of ``debian_archive.DebianArchive`` is used here; it is loaded only when needed."""

    def identity(self, suite: str, architecture: Architecture) -> str:
        """Say which archives a suite comes from."""

    def select(
        self, suite: str, architecture: Architecture, packages: tuple[str, ...]
    ) -> DebianSelection:
        """Select packages from the archive."""

    def write_layer(
        self,
        selection: DebianSelection,
        part: Part,
        compiler: Compile | None,
        left_out: tuple[str, ...] = (),
    ) -> tuple[Layer, Contents]:
        """Write a part of a selection as a layer, without some modules of the base's Python."""


class DebianBase:
    """Remembers selections and layers, and goes to the archive for what is not remembered.

    A selection is good for a day, as Docker keeps a pulled base; ``refresh`` looks again.
    ``is_early`` starts on the layers of a new selection at once, while the rest of the plan is
    still being made; that is for builds, which will ask for them.  ``no_cache`` makes layers again.
    """

    def __init__(  # noqa: PLR0913 - wired once
        self,
        store: Store,
        open_archive: Callable[[], Archive],
        *,
        memo: Memo,
        clock: Clock,
        refresh: bool = False,
        offline: bool = False,
        is_early: bool = False,
        no_cache: bool = False,
    ) -> None:
        self._store = store
        self._memo = memo
        self._open_archive = open_archive
        self._clock = clock
        self._refresh = refresh
        self._offline = offline
        self._is_early = is_early
        self._no_cache = no_cache
        self._early: dict[Digest, Later[list[_Made]]] = {}
        self._compilers: dict[str, CompileOnce] = {}

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Select the suite's packages for ``platform`` from the signed indexes."""
        suite = reference.partition(":")[2]
        if not suite:
            raise UsageError(f"{reference!r} names no suite", hint="write debian:bookworm")
        packages = tuple(sorted(set(system_packages)))
        request = (suite, _architecture(platform), packages)
        with step:
            known = self._remembered(request, step)
            selection = known or self._select(request, step)
        self._store.remember("debian selection", _digest(selection).hex, selection.to_json())
        base = _base_image(reference, platform, selection)
        if self._is_early and known is None:
            self._early[base.digest] = Later(lambda: self._make(base, selection, step))
        return base

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the layer of the base, and the layer of what the project asked for on top."""
        selection = self._selection(base)
        if not base.stdlib_bytecode:
            step.warn(
                f"no Python {base.python} on this machine: the standard library in the image "
                "has no bytecode, and starts more slowly"
            )
        early = None if base.left_out else self._early.pop(base.digest, None)
        made = early.result() if early else self._make(base, selection, step)
        for part, (layer, cached) in zip(_parts(selection), made, strict=True):
            step.tell(
                LayerBuilt,
                name=layer.created_by,
                digest=layer.descriptor.digest,
                size=layer.size,
                cached=cached,
                part=part,
                component=Component(part),
            )
        if all(cached for _, cached in made):
            step.cached()
        return tuple(layer for layer, _ in made)

    def marks(self, base: BaseImage) -> tuple[str, ...]:
        """Return the keys of the layer of the base, and of that on top."""
        selection = self._selection(base)
        return tuple(_key(base, selection, part) for part in _parts(selection))

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:
        """Make a layer that a registry was said to have."""
        selection = self._selection(base)
        archive = self._open_archive()
        with step:
            for part in _parts(selection):
                if _key(base, selection, part) == layer.key:
                    archive.write_layer(selection, part, self._compiler(base), base.left_out)

    def _selection(self, base: BaseImage) -> DebianSelection:
        text = self._store.recall("debian selection", base.digest.hex)
        if not isinstance(text, str):
            raise ImageError("the base's selection is no longer in the store", hint="build again")
        return DebianSelection.from_json(text)

    def _make(self, base: BaseImage, selection: DebianSelection, step: Step) -> list[_Made]:
        archive: list[Archive] = []
        return [self._layer(part, base, selection, archive, step) for part in _parts(selection)]

    def _layer(
        self,
        part: Part,
        base: BaseImage,
        selection: DebianSelection,
        archive: list[Archive],
        step: Step,
    ) -> _Made:
        """Find or make a part's layer."""
        key = _key(base, selection, part)
        found = None if self._no_cache else self._find(key, step)
        is_there = found is not None
        if found is None:
            if not archive:  # one for all parts: it has fetched the packages
                archive.append(self._open_archive())
            found = archive[0].write_layer(selection, part, self._compiler(base), base.left_out)
        layer, contents = found[0].with_key(key), found[1]
        self._store.remember_layer(key, layer, contents)
        return layer, is_there

    def _find(self, key: str, step: Step) -> Finished | None:
        return self._store.find_layer(key) or self._memo.find([key], step).get(key)

    def _compiler(self, base: BaseImage) -> CompileOnce | None:
        """Return the compiler of the base's Python, which bases of one version share."""
        if not base.stdlib_bytecode:
            return None
        return self._compilers.setdefault(base.python, CompileOnce(_new_compiler(base.python)))

    def _remembered(
        self, request: tuple[str, Architecture, tuple[str, ...]], step: Step
    ) -> DebianSelection | None:
        if self._refresh:
            return None
        row = self._store.recall("debian", repr(request))
        if not self._is_good(row) and self._memo.remembers:
            row = self._memo.find_fact("debian", self._shared_key(request), step)
            if self._is_good(row):
                self._store.remember("debian", repr(request), row)
        if not isinstance(row, list) or not self._is_good(row):
            return None
        step.cached()
        self._share(request, row)
        return DebianSelection.from_json(row[1])

    def _share(self, request: tuple[str, Architecture, tuple[str, ...]], row: list[Any]) -> None:
        if self._memo.remembers:
            self._memo.keep_fact("debian", self._shared_key(request), row, since=row[0])

    def _shared_key(self, request: tuple[str, Architecture, tuple[str, ...]]) -> str:
        """Name a request for machines whose apt may trust other archives, or other mirrors."""
        suite, architecture, _ = request
        return f"{request!r} {self._open_archive().identity(suite, architecture)}"

    def _is_good(self, row: object) -> bool:
        if not isinstance(row, list):
            return False
        return self._offline or 0 <= self._clock() - row[0] < _FRESH_S

    def _select(
        self, request: tuple[str, Architecture, tuple[str, ...]], step: Step
    ) -> DebianSelection:
        if self._offline:
            raise NetworkError(
                f"the packages of {request[0]} are not in the store",
                hint="run once without --offline",
            )
        selection = self._open_archive().select(*request)
        for note in selection.notes:
            step.warn(note)
        row = [self._clock(), selection.to_json()]
        self._store.remember("debian", repr(request), row)
        self._share(request, row)
        return selection


def _architecture(platform: Platform) -> Architecture:
    match platform.architecture:
        case "amd64":
            return "amd64"
        case "arm64":
            return "arm64"
        case _:
            raise UsageError(f"there is no Debian base for {platform}")


def _parts(selection: DebianSelection) -> tuple[Part, ...]:
    return ("base", "system") if selection.system else ("base",)


def _key(base: BaseImage, selection: DebianSelection, part: Part) -> str:
    python = base.python if base.stdlib_bytecode else "-"
    return base_layer_key(_digest(selection, part=part), f"{part} {python}", base.left_out)


def _new_compiler(python: str) -> Compiler:
    program = find_interpreter(python)
    if program is None:
        raise ToolError(
            f"the plan compiles the standard library, and there is no Python {python} any more"
        )
    return Compiler(python, program, workers=_COMPILERS)


def _digest(selection: DebianSelection, *, part: Part = "system") -> Digest:
    """Identify a part's packages, and the rules that say which of their files are kept.

    The base's do not depend on what is asked for on top.
    """
    packages = selection.base if part == "base" else (*selection.base, *selection.system)
    rows = [f"{package.name} {package.version} {package.sha256}\n" for package in packages]
    first = f"{selection.suite} {selection.architecture} rules {RULES_VERSION}\n"
    return Digest.of("".join((first, *rows)).encode())


def _base_image(reference: str, platform: Platform, selection: DebianSelection) -> BaseImage:
    interpreter = f"python{selection.python}-minimal"
    version = next(package.version for package in selection.base if package.name == interpreter)
    upstream = version.rpartition(":")[2].rpartition("-")[0]
    major, minor = selection.glibc.split(".")[:2]
    return BaseImage(
        reference=reference,
        platform=platform,
        digest=_digest(selection),
        python=selection.python,
        python_full=upstream.partition("+")[0],
        interpreter=f"/usr/bin/python{selection.python}",
        glibc=(int(major), int(minor)),
        packages=tuple(map(_system_package, selection.base)),
        system_packages=tuple(map(_system_package, selection.system)),
        stdlib_bytecode=find_interpreter(selection.python) is not None,
    )


def _system_package(package: DebianPackage) -> SystemPackage:
    return SystemPackage(
        name=package.name,
        version=package.version,
        digest=Digest(package.sha256),
        size=package.size,
    )
