"""Parts: what each layer of an image is for, so that builds can be compared layer by layer."""

from lamina.plan.component import Component
from lamina.plan.plan import BuildPlan, FileLayer, WheelLayer

Part = tuple[str, Component]
"""The name that a layer keeps while its versions change, and what it is for."""

ENVIRONMENT: Part = ("environment", Component.ENVIRONMENT)


def part_of(layer: WheelLayer | FileLayer) -> Part:
    """Say which part of the image a planned layer is."""
    is_own = isinstance(layer, FileLayer) or layer.is_own
    return layer.name, Component.APPLICATION if is_own else Component.DEPENDENCIES


def parts_of(plan: BuildPlan, layers: int) -> tuple[Part, ...]:
    """Say which part each of an image's ``layers`` layers is, from the bottom up."""
    below = layers - len(plan.layers) - 1
    base = [("base", Component.BASE)] * below
    if plan.base.system_packages and base:
        base[-1] = ("system", Component.SYSTEM)
    return (*base, ENVIRONMENT, *map(part_of, plan.layers))
