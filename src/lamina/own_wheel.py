"""Own wheel: the project's wheel and those of its neighbours, built, or remembered from before."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.utils import parse_wheel_filename

from lamina.durable import incoming
from lamina.errors import ProjectError
from lamina.layer.own_files import own_files
from lamina.lock.lock import LockedWheel
from lamina.lock.target import Target
from lamina.oci.digest import Digest
from lamina.project.backend import build_wheel, source_fingerprint
from lamina.project.editable import editable_wheel
from lamina.project.files import wheel_files
from lamina.project.project import Project
from lamina.steps import Step
from lamina.store.blobs import has_digest
from lamina.store.store import Store
from lamina.workshop import Workshop

_OWN_WHEEL = 2
"""Raised when another wheel may come of the same sources."""


def own_wheel_of(
    project: Project, target: Target, workshop: Workshop, step: Step
) -> LockedWheel | None:
    """Build the project's own wheel, unless its files are as they were the last time.

    Raises ``ProjectError`` for one that the image's Python would not install.
    """
    if not project.is_distributable:
        return None
    wheel = _built(project, workshop, step)
    if not target.fits(wheel.filename):
        raise ProjectError(
            f"the project's own wheel is {wheel.filename}, which does not fit {target}",
            where=str(project.directory),
            hint="it was compiled here: use a Python, and a platform, that are the image's, or "
            "build it elsewhere and name it in the lock",
        )
    return wheel


def _built(project: Project, workshop: Workshop, step: Step) -> LockedWheel:
    store = workshop.store
    key = f"{_OWN_WHEEL} {project.directory.resolve()} {source_fingerprint(project)}"
    row = store.recall("own wheel", key)
    if isinstance(row, list) and _is_good(row, workshop):
        return _own(row[0], Digest.parse(row[1]), row[2])
    with step.child(f"wheel of {project.name}"), TemporaryDirectory(prefix="lamina-") as folder:
        uv = workshop.uv_for(False)  # noqa: FBT003 - the backend's requirements are open
        path = build_wheel(project, Path(folder), uv=uv.program, environment=workshop.environment)
        data = path.read_bytes()
        with incoming(store.ingest) as new:
            new.file.write(data)
            new.commit(store.wheel_path(Digest.of(data)), durable=False)
    row = [path.name, str(Digest.of(data)), len(data), workshop.renewal]
    store.remember("own wheel", key, row)
    return _own(path.name, Digest.of(data), len(data))


def editable(project: Project, wheel: LockedWheel, store: Store) -> LockedWheel:
    """Put the mounted sources in the place of the wheel's modules."""
    with store.wheel_path(wheel.digest).open("rb") as file:
        data = editable_wheel(
            file,
            project.directory,
            mounted_at=project.settings.working_directory,
            name=wheel.filename.partition("-")[0],
        )
    with incoming(store.ingest) as new:
        new.file.write(data)
        new.commit(store.wheel_path(Digest.of(data)), durable=False)
    return replace(wheel, digest=Digest.of(data), size=len(data))


def own_inputs(project: Project, wheel: LockedWheel | None, store: Store) -> Mapping[str, str]:
    """Write down the files of the project's own wheel, as ``plan_inputs`` takes them."""
    if wheel is None:
        return {}
    key = f"{project.directory.resolve()} {wheel.digest}"
    rows = store.recall("own files", key)
    if not isinstance(rows, dict):
        path = store.wheel_path(wheel.digest)
        rows = own_files(path, project.directory, wheel_files(project))
        store.remember("own files", key, rows)
    return rows


def _is_good(row: list[Any], workshop: Workshop) -> bool:
    """Say whether a wheel is still there, and was made by this very command where that counts."""
    digest = Digest.parse(row[1])
    is_new = not workshop.renewal or row[3:] == [workshop.renewal]
    return is_new and has_digest(workshop.store.wheel_path(digest), digest)


def _own(filename: str, digest: Digest, size: int) -> LockedWheel:
    name, version, _, _ = parse_wheel_filename(filename)
    return LockedWheel(
        name=str(name), version=str(version), filename=filename, digest=digest, size=size
    )
