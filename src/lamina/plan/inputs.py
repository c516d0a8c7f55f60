"""Inputs of a plan, small: what of it explains why a layer of another build has other bytes."""

from collections.abc import Mapping
from typing import Any, Final

from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest
from lamina.plan.diet import describe
from lamina.plan.parts import ENVIRONMENT, part_of
from lamina.plan.plan import BuildPlan, FileLayer, SystemPackage, WheelLayer

_DIGITS: Final = 12


def plan_inputs(plan: BuildPlan, own: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Write what each part of an image is made of, as JSON values.

    ``own`` are the rows of the files in the project's own wheel.  ``parts`` has a table for each
    part, from names to versions with the start of a digest; ``settings`` are what more than one
    part depends on.
    """
    base = plan.base
    parts: dict[str, dict[str, str]] = {
        "base": {
            "reference": base.reference,
            "digest": _short(base.digest),
            **_packages(base.packages),
        },
        "system": _packages(base.system_packages),
        ENVIRONMENT[0]: {
            "venv": plan.venv,
            "interpreter": base.interpreter,
            "working directory": plan.runtime.working_directory,
        },
    }
    for layer in plan.layers:
        is_own = isinstance(layer, WheelLayer) and layer.is_own
        parts[part_of(layer)[0]] = {**_layer(layer), **(own or {} if is_own else {})}
    settings = {
        "python": base.python,
        "platform": str(base.platform),
        "venv": plan.venv,
        "bytecode": plan.bytecode,
    }
    if diet := describe(plan.diet):
        settings["diet"] = canonical_json(diet).decode()
    wheels = [layer for layer in plan.layers if isinstance(layer, WheelLayer)]
    if loaded := [name for layer in wheels for name in layer.loaded]:
        digest = Digest.of(canonical_json(sorted(loaded)))
        settings["loaded"] = f"{len(loaded)} {_short(digest)}"
    return {"settings": settings, "parts": {name: rows for name, rows in parts.items() if rows}}


def _packages(packages: tuple[SystemPackage, ...]) -> dict[str, str]:
    return {f"{x.name}": f"{x.version} {_short(x.digest)}" for x in packages}


def _layer(layer: WheelLayer | FileLayer) -> dict[str, str]:
    if isinstance(layer, WheelLayer):
        return {x.name: f"{x.version} {_short(x.digest)}" for x in layer.wheels}
    files = {x.path: file_row(x.mode, x.size, x.digest) for x in layer.files}
    return {**files, **dict.fromkeys(layer.directories, "folder")}


def file_row(mode: int, size: int, digest: Digest) -> str:
    """Write what is compared of a file."""
    return f"{mode:o} {size} {_short(digest)}"


def _short(digest: Digest) -> str:
    return str(digest).partition(":")[2][:_DIGITS]
