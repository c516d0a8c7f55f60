"""The pipeline on one screen: project → lock → plan → engine → destination, for each platform."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename

from lamina.durable import incoming
from lamina.errors import ProjectError
from lamina.events import PlanDecided
from lamina.layer.memo import Memo
from lamina.lock.lock import Lock, LockedSdist, LockedWheel
from lamina.lock.read import LockSource, find_lock, read_changed
from lamina.lock.serialize import has_logins, lock_from_json, lock_to_json
from lamina.lock.target import Target, check_supported
from lamina.lock.uv import Uv
from lamina.lock.waivers import check_waivers
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.plan.decide import decide
from lamina.plan.inputs import plan_inputs
from lamina.plan.plan import BaseImage, BuildPlan, PlannedFile
from lamina.plan.serialize import plan_key
from lamina.project.backend import build_wheel, source_fingerprint
from lamina.project.base_pin import pinned, stale_pins
from lamina.project.files import included_files, project_files
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.protocols import Base, Content, Destination, Engine
from lamina.steps import Step
from lamina.store.blobs import has_digest
from lamina.store.store import Store

_LOCK_MEMORY = 2
"""Raised when what is remembered of a lock changes."""


class SdistBuilder(Protocol):
    """Turns an sdist into a wheel in the store."""

    def build(self, sdist: LockedSdist, base: BaseImage, step: Step) -> LockedWheel:
        """Return the wheel that the sdist builds to on ``base``'s platform."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Everything a build uses, wired once at the edge.

    ``memo`` is what registries remember.  ``measure`` finds the size of a wheel whose lock does not
    say it.  ``uv_for`` gives uv, told whether the requirements are pinned.  ``environment`` is what
    the project's own build backend runs in.  ``created`` is the images' time, in seconds since the
    epoch.
    """

    store: Store
    base: Base
    engine: Engine
    memo: Memo
    sdists: SdistBuilder
    measure: Callable[[LockedWheel], int]
    uv_for: Callable[[bool], Uv]
    environment: Mapping[str, str]
    created: int = 0


def build(
    directory: Path,
    platforms: Sequence[Platform],
    destinations: Sequence[Destination],
    workshop: Workshop,
    step: Step,
) -> Image | Index:
    """Build the project in ``directory`` for each platform and write it to each destination.

    One platform gives a plain image, several an index.  Nothing is written when any fails.
    """
    project = read_project(directory)
    images: list[Image] = []
    content: Content = workshop.store.blobs
    for platform in platforms:
        plan = make_plan(project, platform, workshop, step)
        with step.child(f"build {platform}") as building:
            image, content = workshop.engine.build(plan, building)
        images.append(image)
    result = images[0] if len(images) == 1 else Index(images=tuple(images))
    for destination in destinations:
        destination.write(result, content, step.child("write"))
    workshop.memo.save(content, step)
    return result


def make_plan(project: Project, platform: Platform, workshop: Workshop, step: Step) -> BuildPlan:
    """Find out what the plan depends on, and decide it."""
    settings = project.settings
    check_supported(platform)
    with step.child(f"plan {platform}") as planning:
        if stale := stale_pins(settings.base, project.base_pins):
            planning.warn(stale)
        base = workshop.base.resolve(
            pinned(settings.base, project.base_pins),
            platform,
            settings.system_packages,
            planning.child("resolve base"),
        )
        _check_python(project, base)
        lock = _lock(project, base, workshop, planning)
        plan = decide(
            project,
            lock=lock,
            base=base,
            own_wheel=_own_wheel(project, workshop, planning),
            files=_files(project),
            created=workshop.created,
        )
        planning.tell(
            PlanDecided,
            platform=str(platform),
            key=str(plan_key(plan)),
            layers=plan.layer_count,
            wheels=len(plan.wheels),
            project=plan.name,
            inputs=plan_inputs(plan),
        )
    return plan


def _check_python(project: Project, base: BaseImage) -> None:
    wanted = project.settings.python
    if wanted and wanted != base.python:
        raise ProjectError(
            f"{base.reference} carries Python {base.python}, and the project wants {wanted}",
            where="pyproject.toml, tool.lamina.python",
            hint="choose another base: debian:bookworm has 3.11, debian:trixie has 3.13",
        )
    if project.requires_python and base.python_full not in SpecifierSet(project.requires_python):
        raise ProjectError(
            f"{base.reference} carries Python {base.python_full}, "
            f"and the project requires {project.requires_python}",
            where="pyproject.toml, project.requires-python",
            hint="choose another base: debian:bookworm has 3.11, debian:trixie has 3.13",
        )


def _lock(project: Project, base: BaseImage, workshop: Workshop, step: Step) -> Lock:
    """Read the lock, or what the store remembers of reading it, and build what has no wheel."""
    source = find_lock(project)
    target = Target(
        platform=base.platform, python=base.python, python_full=base.python_full, glibc=base.glibc
    )
    key = str(Digest.of(canonical_json([_LOCK_MEMORY, source.text, str(target), base.python_full])))
    row = workshop.store.recall("lock", key) if source.is_pinned else None
    if row is not None:
        lock = lock_from_json(row)
    else:
        lock = _resolve(project, source, target, workshop, step)
        sized = [replace(w, size=workshop.measure(w)) for w in lock.wheels]
        lock = replace(lock, wheels=tuple(sized))
        if not has_logins(lock):  # what is remembered could not be fetched without them
            workshop.store.remember("lock", key, lock_to_json(lock))
    wheels = [workshop.sdists.build(sdist, base, step.child(f"build {sdist.filename}"))
              for sdist in lock.sdists]  # fmt: skip
    lock = replace(lock, wheels=(*lock.wheels, *wheels), sdists=())
    check_waivers(project.settings.allow_record_mismatch, lock, text=source.text)
    return lock


def _resolve(
    project: Project, source: LockSource, target: Target, workshop: Workshop, step: Step
) -> Lock:
    store, where = workshop.store, f"{project.directory.resolve()} {target} {target.python_full}"
    known = store.recall("lock lines", where)
    with step.child("read lock" if source.is_pinned else "resolve dependencies") as reading:
        uv = workshop.uv_for(source.is_pinned)
        lock, rows = read_changed(source, target, uv, known if isinstance(known, dict) else {})
        if rows:
            store.remember("lock lines", where, rows)
        if not source.is_pinned:
            reading.warn(
                "there is no lock: uv chose the versions now, and may choose others tomorrow; "
                "`lamina lock` writes one"
            )
    return lock


def _own_wheel(project: Project, workshop: Workshop, step: Step) -> LockedWheel | None:
    """Build the project's own wheel, unless its files are as they were the last time."""
    if not project.is_distributable:
        return None
    store = workshop.store
    key = f"{project.directory.resolve()} {source_fingerprint(project)}"
    row = store.recall("own wheel", key)
    if isinstance(row, list) and _is_kept(store, row[1]):
        return _own(row[0], Digest.parse(row[1]), row[2])
    with step.child(f"wheel of {project.name}"), TemporaryDirectory(prefix="lamina-") as folder:
        uv = workshop.uv_for(False)  # noqa: FBT003 - the backend's requirements are open
        path = build_wheel(project, Path(folder), uv=uv.program, environment=workshop.environment)
        data = path.read_bytes()
        with incoming(store.ingest) as new:
            new.file.write(data)
            new.commit(store.wheel_path(Digest.of(data)), durable=False)
    store.remember("own wheel", key, [path.name, str(Digest.of(data)), len(data)])
    return _own(path.name, Digest.of(data), len(data))


def _is_kept(store: Store, digest: str) -> bool:
    return has_digest(store.wheel_path(Digest.parse(digest)), Digest.parse(digest))


def _own(filename: str, digest: Digest, size: int) -> LockedWheel:
    name, version, _, _ = parse_wheel_filename(filename)
    return LockedWheel(
        name=str(name), version=str(version), filename=filename, digest=digest, size=size
    )


def _files(project: Project) -> tuple[PlannedFile, ...]:
    """List the files that go in as they are, below the working directory."""
    paths = included_files(project)
    if not project.is_distributable:
        paths = tuple(dict.fromkeys((*project_files(project), *paths)))
    root = project.settings.working_directory.strip("/")
    return tuple(_planned(path, project.directory, root) for path in paths)


def _planned(path: Path, directory: Path, root: str) -> PlannedFile:
    data = path.read_bytes()
    relative = os.fsencode(path.relative_to(directory)).decode()  # whatever the locale is
    executable = path.stat().st_mode & 0o111
    return PlannedFile(
        path=f"{root}/{relative}" if root else relative,
        digest=Digest.of(data),
        size=len(data),
        mode=0o755 if executable else 0o644,  # the checkout's umask must not change the image
        source=str(path),
    )
