"""StoreSdistBuilder: sdists become wheels in the store, each once.

First with this machine's Python, which is enough for most sdists without a wheel: they hold
Python only.  What is made for one machine is thrown away and made again with the toolchain.
Sdists with C in them go to the toolchain at once: many do without what no compiler is there for,
and then this machine's compiler would decide what is in the image.
"""

import hashlib
import platform as host
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from packaging.version import InvalidVersion, Version

from lamina.errors import IntegrityError, StoreError, ToolError, UsageError
from lamina.layer.memo import Memo
from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.lock.uv import Uv
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage
from lamina.protocols import Base
from lamina.sdist.build import Order, build
from lamina.sdist.host_root import host_root
from lamina.sdist.native_sources import has_native_sources
from lamina.sdist.requirements import Installer
from lamina.sdist.sandbox import Root, check
from lamina.sdist.toolchain import Blobs, Toolchains, Unpack, is_assembled
from lamina.steps import Step

_LAYOUT = "2"  # changes when equal sdists may make other wheels
_CHUNK = 1 << 20
_TOPIC = "sdist"


class Store(Protocol):
    """What of the local store is used here."""

    root: Path

    @property
    def blobs(self) -> Blobs:
        """Where the bytes of layers are."""

    def note(self, path: Path) -> bool:
        """Say whether a file or folder is there, and if so that it is used."""

    def wheel_path(self, digest: Digest) -> Path:
        """Say where a wheel is, or would be."""

    def recall(self, topic: str, key: str) -> object:
        """Return what was remembered, or None."""

    def remember(self, topic: str, key: str, value: object) -> None:
        """Remember a JSON value."""


class SdistSource(Protocol):
    """Where sdists come from."""

    def fetch_sdist(self, sdist: LockedSdist, step: Step) -> Path:
        """Return a file with the sdist's bytes."""


class StoreSdistBuilder:
    """Builds sdists in a sandbox, and remembers the wheels."""

    def __init__(  # noqa: PLR0913 - wired once
        self,
        store: Store,
        source: SdistSource,
        base: Base,
        *,
        memo: Memo,
        uv_for: Callable[[bool], Uv],
        unpack: Unpack,
    ) -> None:
        self._store = store
        self._source = source
        self._memo = memo
        self._uv_for = uv_for
        self._toolchains = Toolchains(
            base=base,
            blobs=store.blobs,
            folder=store.root / "toolchains",
            unpack=unpack,
            has=store.note,
        )

    def build(self, sdist: LockedSdist, base: BaseImage, step: Step) -> LockedWheel:
        """Return the wheel that the sdist builds to on ``base``'s platform.

        A pure wheel of an sdist that holds Python only is remembered for the Python version, any
        other for the exact base.  Raises
        ``ToolError`` with the last lines of the build's output if it fails.
        """
        with step:
            keys = _keys(sdist, base)
            for key in keys:
                wheel = self._recall(sdist, key) or self._recall_of_others(sdist, key, step)
                if wheel is not None:
                    step.cached()
                    return wheel
            check()
            wheel, is_native = self._build(sdist, base, step)
            key = keys[0] if wheel.is_pure and not is_native else keys[1]
            row = {"filename": wheel.filename, "digest": str(wheel.digest), "size": wheel.size}
            self._store.remember(_TOPIC, key, row)
            self._memo.keep_fact(_TOPIC, key, row, file=self._store.wheel_path(wheel.digest))
            return wheel

    def _build(self, sdist: LockedSdist, base: BaseImage, step: Step) -> tuple[LockedWheel, bool]:
        """Build the wheel, and say whether a compiler may have had a part in it."""
        path = self._source.fetch_sdist(sdist, step.child(f"fetch {sdist.filename}"))
        with tempfile.TemporaryDirectory(prefix="lamina-sdist-") as folder:
            scratch = Path(folder)
            order = _order(sdist, path, scratch)
            installer = self._installer(base)
            is_native = has_native_sources(order.path, name=order.filename)
            wheel = None
            if not (is_native and _may_compile(base)):
                wheel = self._build_here(order, base, installer, scratch, step)
            if wheel is None:
                wheel = self._build_with_tools(order, base, installer, scratch, step)
            return self._keep(sdist, wheel), is_native

    def _build_here(
        self, order: Order, base: BaseImage, installer: Installer, scratch: Path, step: Step
    ) -> Path | None:
        """Build with this machine's Python; None if that fails or is not pure."""
        root = host_root(base.python)
        if root is None:
            return None
        try:
            wheel = self._in(root, order, installer, scratch / "here", step)
        except ToolError as error:
            step.log(f"{error.what}: {(error.why or '').splitlines()[-1:]}")
            return None
        return wheel if wheel.name.endswith("-none-any.whl") else None

    def _build_with_tools(
        self, order: Order, base: BaseImage, installer: Installer, scratch: Path, step: Step
    ) -> Path:
        if not _runs_here(base):
            raise UsageError(
                f"{order.filename} has to be compiled for {base.platform}, which this machine "
                "is not",
                hint=f"build on a {base.platform} machine, or choose a version that has a wheel",
            )
        root = self._toolchains.prepare(base, step.child("toolchain"))
        return self._in(root, order, installer, scratch / "tools", step)

    def _in(
        self, root: Root, order: Order, installer: Installer, scratch: Path, step: Step
    ) -> Path:
        scratch.mkdir()
        return build(order, root, installer, scratch=scratch, log=step.log)

    def _installer(self, base: BaseImage) -> Installer:
        uv = self._uv_for(False)  # noqa: FBT003 - build requirements are never pinned
        target = base.target
        return Installer(
            program=uv.program,
            environment=uv.environment,
            python=base.python,
            platform=target.uv_platform,
        )

    def _keep(self, sdist: LockedSdist, wheel: Path) -> LockedWheel:
        """Move the wheel into the store."""
        digest = Digest(_sha256(wheel))
        path = self._store.wheel_path(digest)
        partial = path.with_name(f"{secrets.token_hex(8)}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(wheel, partial)
            partial.chmod(0o444)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise StoreError("a built wheel could not be stored", why=str(error)) from error
        return _locked(sdist, wheel.name, digest, path.stat().st_size)

    def _recall(self, sdist: LockedSdist, key: str) -> LockedWheel | None:
        row = self._store.recall(_TOPIC, key)
        if not isinstance(row, dict):
            return None
        digest = Digest.parse(str(row["digest"]))
        path = self._store.wheel_path(digest)
        if not path.is_file() or _sha256(path) != digest.hex:  # a crash may have cut it short
            return None
        self._memo.keep_fact(_TOPIC, key, row, file=path)
        return _locked(sdist, str(row["filename"]), digest, int(row["size"]))

    def _recall_of_others(self, sdist: LockedSdist, key: str, step: Step) -> LockedWheel | None:
        """Find the wheel that another machine built; its bytes come when a layer needs them."""
        row = self._memo.find_fact(_TOPIC, key, step)
        if not isinstance(row, dict):
            return None
        digest = Digest.parse(str(row["digest"]))
        if not self._memo.has_file(digest):
            return None
        self._store.remember(_TOPIC, key, row)
        self._memo.keep_fact(_TOPIC, key, row)
        return _locked(sdist, str(row["filename"]), digest, int(row["size"]))


def _may_compile(base: BaseImage) -> bool:
    return is_assembled(base) and _runs_here(base)


def _runs_here(base: BaseImage) -> bool:
    return Platform.parse(f"linux/{host.machine().lower()}") == base.platform


def _keys(sdist: LockedSdist, base: BaseImage) -> tuple[str, str]:
    pure = f"{_LAYOUT} {sdist.digest} {base.python}"
    return pure, f"{pure} {base.platform} {base.digest}"


def _order(sdist: LockedSdist, path: Path, scratch: Path) -> Order:
    """Copy the sdist under its own name, and check that it is what was locked."""
    folder = scratch / "src"
    folder.mkdir()
    copy = folder / Path(sdist.filename).name
    shutil.copyfile(path, copy)
    if _sha256(copy) != sdist.digest.hex:
        raise IntegrityError("the sdist is not the one that was locked", where=sdist.filename)
    try:
        version = str(Version(sdist.version))
    except InvalidVersion:
        version = sdist.version
    return Order(path=copy, name=sdist.name, version=version)


def _locked(sdist: LockedSdist, filename: str, digest: Digest, size: int) -> LockedWheel:
    return LockedWheel(
        name=sdist.name, version=sdist.version, filename=filename, digest=digest, size=size
    )


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
