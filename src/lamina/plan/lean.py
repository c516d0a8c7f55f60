"""Lean: what of a project's diet, and of the modules that it loads, concerns each layer; pure."""

from dataclasses import replace

from lamina.errors import ProjectError
from lamina.plan.diet import lines_of
from lamina.plan.plan import BaseImage, BuildPlan, FileLayer, WheelLayer
from lamina.project.diet_settings import Diet
from lamina.project.loaded import Loaded


def lean_base(base: BaseImage, diet: Diet) -> BaseImage:
    """Say what the base does without; raise ``ProjectError`` where it is somebody else's."""
    if not diet.stdlib:
        return base
    if not base.packages:
        raise ProjectError(
            f"nothing can be left out of {base.reference}: its layers are as they are",
            where="pyproject.toml, tool.lamina.diet.stdlib",
            hint="take a base that is assembled, such as debian:bookworm, or the setting away",
        )
    return replace(base, left_out=diet.stdlib)


def lean_layer(layer: WheelLayer | FileLayer, diet: Diet, loaded: Loaded) -> WheelLayer | FileLayer:
    """Give a layer of wheels the diet, and those of the loaded modules that are its own.

    The project's own files are what the project chose, so no diet is for them.
    """
    if isinstance(layer, FileLayer):
        return layer
    of_wheels = replace(diet, stdlib=())
    modules = [name for wheel in layer.wheels for name in loaded.modules.get(wheel.name, ())]
    return replace(
        layer,
        diet=of_wheels if lines_of(of_wheels) and not layer.is_own else None,
        loaded=tuple(sorted(modules)),
    )


def check_whole(plan: BuildPlan) -> None:
    """Refuse, for who installs whole wheels, a plan that wants some of their files only.

    Raises ``ProjectError`` naming the settings.
    """
    lines = [f"diet.{line.key}" for line in lines_of(plan.diet)]
    if plan.bytecode == "imported":
        lines.append('bytecode = "imported"')
    if lines:
        raise ProjectError(
            "a Dockerfile installs whole wheels and bases, and the settings want parts of them",
            where=f"pyproject.toml, tool.lamina: {', '.join(lines)}",
            hint="build with the native engine, or switch these off",
        )
