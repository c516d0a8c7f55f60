"""Lamina builds container images for Python projects from wheels, without Docker.

This is the public API.  Each name is imported when it is first asked for, because the command
line must start fast.  ``lamina.build`` is the module of the pipeline; its function is
:func:`build_image` here.

>>> import lamina
>>> str(lamina.Platform.parse("linux/aarch64"))
'linux/arm64'
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.build import build as build_image
    from lamina.build import make_plan
    from lamina.errors import (
        ArchiveError,
        CheckFailed,
        ImageError,
        InputError,
        IntegrityError,
        LaminaError,
        LockError,
        NetworkError,
        OutsideError,
        ProjectError,
        StoreError,
        ToolError,
        UsageError,
    )
    from lamina.lock.lock import Lock, LockedSdist, LockedWheel
    from lamina.oci.config import Healthcheck, RuntimeConfig
    from lamina.oci.descriptor import Descriptor
    from lamina.oci.digest import Digest
    from lamina.oci.image import Image, Index
    from lamina.oci.layer import Layer
    from lamina.oci.platform import Platform
    from lamina.oci.reference import Reference
    from lamina.plan.plan import BaseImage, BuildPlan, FileLayer, PlannedFile, WheelLayer
    from lamina.project.project import Project
    from lamina.project.read import read_project
    from lamina.project.settings import Settings
    from lamina.steps import Step
    from lamina.store.store import Store
    from lamina.workshop import Workshop

__all__ = [
    "ArchiveError",
    "BaseImage",
    "BuildPlan",
    "CheckFailed",
    "Descriptor",
    "Digest",
    "FileLayer",
    "Healthcheck",
    "Image",
    "ImageError",
    "Index",
    "InputError",
    "IntegrityError",
    "LaminaError",
    "Layer",
    "Lock",
    "LockError",
    "LockedSdist",
    "LockedWheel",
    "NetworkError",
    "OutsideError",
    "PlannedFile",
    "Platform",
    "Project",
    "ProjectError",
    "Reference",
    "RuntimeConfig",
    "Settings",
    "Step",
    "Store",
    "StoreError",
    "ToolError",
    "UsageError",
    "WheelLayer",
    "Workshop",
    "build_image",
    "make_plan",
    "read_project",
]

_MODULES = {
    "lamina.build": ("make_plan",),
    "lamina.workshop": ("Workshop",),
    "lamina.lock.lock": ("Lock", "LockedSdist", "LockedWheel"),
    "lamina.oci.config": ("Healthcheck", "RuntimeConfig"),
    "lamina.oci.descriptor": ("Descriptor",),
    "lamina.oci.digest": ("Digest",),
    "lamina.oci.image": ("Image", "Index"),
    "lamina.oci.layer": ("Layer",),
    "lamina.oci.platform": ("Platform",),
    "lamina.oci.reference": ("Reference",),
    "lamina.plan.plan": ("BaseImage", "BuildPlan", "FileLayer", "PlannedFile", "WheelLayer"),
    "lamina.project.project": ("Project",),
    "lamina.project.read": ("read_project",),
    "lamina.project.settings": ("Settings",),
    "lamina.steps": ("Step",),
    "lamina.store.store": ("Store",),
}
_HOMES = {name: (module, name) for module, names in _MODULES.items() for name in names}
_HOMES["build_image"] = ("lamina.build", "build")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in __all__:
        raise AttributeError(f"module 'lamina' has no attribute {name!r}")
    module, inside = _HOMES.get(name, ("lamina.errors", name))
    value = getattr(importlib.import_module(module), inside)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
