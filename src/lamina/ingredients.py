"""Ingredients: what a plan is made of, found, resolved and built, or remembered from before."""

import os
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from lamina.errors import LockError, ProjectError
from lamina.lock.dev import added, resolve_dev
from lamina.lock.doubts import doubts, surroundings, unread_list
from lamina.lock.lock import Lock, LockedDirectory, LockedWheel
from lamina.lock.musl import explain_musl
from lamina.lock.read import LockSource, find_lock, read_changed
from lamina.lock.serialize import has_logins, lock_from_json, lock_to_json
from lamina.lock.target import Target
from lamina.lock.waivers import check_waivers
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest
from lamina.own_wheel import own_wheel_of
from lamina.parallel import Turn
from lamina.plan.plan import BaseImage, PlannedFile
from lamina.project.files import included_files, project_files
from lamina.project.outside import outside_of
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.steps import Clock, Step
from lamina.store.file_digest import FileFacts, file_facts
from lamina.store.store import Store
from lamina.workshop import Workshop

_LOCK_MEMORY = 4
"""Raised when what is remembered of a lock changes."""


def locked_wheels(
    project: Project, base: BaseImage, workshop: Workshop, step: Step, turn: Turn
) -> Lock:
    """Read the lock, or what the store remembers of reading it, and build what has no wheel."""
    source = find_lock(project)
    target = base.target
    _tell_doubts(project, source, workshop.store, step)
    what = [_LOCK_MEMORY, *source.identity, str(target), base.python_full]
    key = str(Digest.of(canonical_json(what)))
    row = workshop.store.recall("lock", key) if source.is_pinned else None
    if row is not None:
        lock = lock_from_json(row)
    else:
        lock = _resolve(project, source, target, workshop, step)
        sized = [replace(w, size=workshop.measure(w)) for w in lock.wheels]
        lock = replace(lock, wheels=tuple(sized))
        if not has_logins(lock):  # what is remembered could not be fetched without them
            workshop.store.remember("lock", key, lock_to_json(lock))
    turn.wait()
    wheels = [workshop.sdists.build(sdist, base, step.child(f"build {sdist.filename}"))
              for sdist in lock.sdists]  # fmt: skip
    beside = [_beside(project, one, target, workshop, step) for one in lock.directories]
    lock = replace(lock, wheels=(*lock.wheels, *wheels, *beside), sdists=(), directories=())
    check_waivers(project.settings.allow_record_mismatch, lock, text=source.text)
    return lock


def dev_wheels(  # noqa: PLR0913 - as of a lock, and the lock
    project: Project, lock: Lock, base: BaseImage, workshop: Workshop, step: Step, *, turn: Turn
) -> tuple[LockedWheel, ...]:
    """Find what a dev image has besides the distributions of ``lock``."""
    if not project.is_dev:
        return ()
    dev = read_project(project.directory, project.variant, has_dev=True)
    if dev.requirements is not None:
        return added(locked_wheels(dev, base, workshop, step, turn), lock)
    texts = [text for text in dev.dependencies if text not in project.dependencies]
    if not texts:
        return ()
    step.warn(
        "the group dev is in no lock: uv chose its versions now, and may choose others tomorrow; "
        'with [tool.lamina.variants.dev] and groups = ["dev"], `lamina lock` pins it'
    )
    uv = workshop.uv_for(False)  # noqa: FBT003 - not pinned
    found = resolve_dev(texts, lock, base.target, uv)
    sized = tuple(replace(wheel, size=workshop.measure(wheel)) for wheel in found.wheels)
    turn.wait()
    built = [workshop.sdists.build(sdist, base, step.child(f"build {sdist.filename}"))
             for sdist in found.sdists]  # fmt: skip
    return added(replace(found, wheels=(*sized, *built), sdists=()), lock)


def planned_files(project: Project, store: Store, clock: Clock) -> tuple[PlannedFile, ...]:
    """List the files that go in as they are, below the working directory.

    Large ones are read once, and again when they have changed.
    """
    paths = included_files(project)
    if not project.is_distributable:
        paths = tuple(dict.fromkeys((*project_files(project), *paths)))
    root = project.settings.working_directory.strip("/")
    return tuple(
        _planned(path, file_facts(path, store, clock), project.directory, root) for path in paths
    )


def _resolve(
    project: Project, source: LockSource, target: Target, workshop: Workshop, step: Step
) -> Lock:
    store, where = workshop.store, f"{project.directory.resolve()} {target} {target.python_full}"
    known = store.recall("lock lines", where)
    with step.child("read lock" if source.is_pinned else "resolve dependencies") as reading:
        uv = workshop.uv_for(source.is_pinned)
        try:
            lock, rows = read_changed(source, target, uv, known if isinstance(known, dict) else {})
        except LockError as error:
            if target.musl is None or not error.problems:
                raise
            raise explain_musl(error, target, uv, directory=project.directory) from error
        if rows:
            store.remember("lock lines", where, rows)
        if not source.is_pinned:
            reading.warn(
                "there is no lock: uv chose the versions now, and may choose others tomorrow; "
                "`lamina lock` writes one"
            )
    return lock


def _tell_doubts(project: Project, source: LockSource, store: Store, step: Step) -> None:
    """Warn of a lock that is old or not the only one; judged once, for the files may be large."""
    if text := unread_list(project, source):
        step.warn(text)
    around = surroundings(project, source)
    if around is None:
        return
    key = str(Digest.of(canonical_json([_LOCK_MEMORY, *around.identity])))
    known = store.recall("lock doubts", key)
    found = known if isinstance(known, list) else list(doubts(around))
    if known is None:
        store.remember("lock doubts", key, found)
    for text in found:
        step.warn(str(text))


def _beside(
    project: Project, locked: LockedDirectory, target: Target, workshop: Workshop, step: Step
) -> LockedWheel:
    """Build another project that the lock names, as its own wheel."""
    other = read_project(project.directory / locked.path, needs_lock=False)
    if other.name != canonicalize_name(locked.name):
        raise ProjectError(
            f"the lock says that this is {locked.name}, and it is {other.name}",
            where=str(other.directory),
            hint="lock again",
        )
    if root := outside_of(project, other.directory):
        step.warn(
            f"the lock names the folder of {locked.name}, {other.directory.resolve()}, which is "
            f"outside of {root}: its build backend runs on this machine, with your rights"
        )
    wheel = own_wheel_of(other, target, workshop, step)
    if wheel is None:
        raise ProjectError(
            f"the lock names the folder of {locked.name}, which is not a project that can be built",
            where=str(other.directory),
            hint="give its pyproject.toml a [build-system] and a name",
        )
    return wheel


def _planned(path: Path, facts: FileFacts, directory: Path, root: str) -> PlannedFile:
    relative = os.fsencode(path.relative_to(directory)).decode()  # whatever the locale is
    return PlannedFile(
        path=f"{root}/{relative}" if root else relative,
        digest=facts.digest,
        size=facts.size,
        mode=0o755
        if facts.is_executable
        else 0o644,  # the checkout's umask must not change the image
        source=str(path),
    )
