"""The folders that are sent to BuildKit: exactly what the plan names, and nothing beside it."""

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from lamina.engines.buildkit.groups import Group
from lamina.engines.buildkit.requirements import requirement
from lamina.lock.lock import LockedWheel
from lamina.plan.plan import BuildPlan, FileLayer, WheelLayer


def write_lock(plan: BuildPlan, groups: Iterable[Group], folder: Path) -> Path:
    """Write each group's requirements as the stage ``lock`` would; return what replaces it.

    A distribution has one hash, that of the plan's wheel (or of its sdist, where there is none),
    so nothing else can be installed.
    """
    rows = {wheel.name: requirement(wheel) for wheel in plan.wheels}
    (folder / "lock").mkdir(parents=True)
    for group in groups:
        text = "".join(rows[name] for name in group.distributions)
        (folder / "lock" / f"{group.name}.txt").write_text(text, encoding="utf-8")
    return folder


def write_wheel(own: LockedWheel, wheel_at: Path, folder: Path) -> Path:
    """Copy the project's own wheel as the stage ``wheel`` would have it; return the folder."""
    (folder / "dist").mkdir(parents=True)
    shutil.copyfile(wheel_at, folder / "dist" / own.filename)
    return folder


def own_wheel_of(plan: BuildPlan) -> LockedWheel | None:
    """Return the project's own wheel, if it is one."""
    layers = (layer for layer in plan.layers if isinstance(layer, WheelLayer) and layer.is_own)
    return next((wheel for layer in layers for wheel in layer.wheels), None)


def write_files(plan: BuildPlan, folder: Path) -> Path:
    """Copy the plan's files to where they are in the project, with the plan's modes."""
    root = PurePosixPath(plan.runtime.working_directory)
    folder.mkdir(parents=True)
    for layer in plan.layers:
        for file in layer.files if isinstance(layer, FileLayer) else ():
            path = folder / PurePosixPath(f"/{file.path}").relative_to(root)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.source, path)
            path.chmod(file.mode)
    return folder
