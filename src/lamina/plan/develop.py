"""Develop: turn the plan of a project's image into that of its dev image; pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from lamina.lock.lock import LockedWheel
from lamina.plan.partition import partition
from lamina.plan.plan import BuildPlan, WheelLayer

SOURCE_LABEL: Final = "dev.lamina.source"
"""Where in a dev image the project's folder is expected, as the value of this label."""

DEBUGGER: Final = "debugpy"
DEBUG_PORT: Final = 5678


def develop(plan: BuildPlan, tools: Sequence[LockedWheel], *, mounted_at: str) -> BuildPlan:
    """Add ``tools`` to a plan whose own layers hold none of the project's modules.

    They lie above everything that the image itself is made of, so those layers are the image's
    very own.  The debugger's port is exposed where there is a debugger.
    """
    own = tuple(layer for layer in plan.layers if isinstance(layer, WheelLayer) and layer.is_own)
    others = tuple(layer for layer in plan.layers if layer not in own)
    layers = tuple(replace(layer, name=f"dev: {layer.name}") for layer in partition(tools))
    runtime = plan.runtime
    if DEBUGGER in {wheel.name for wheel in plan.wheels} | {wheel.name for wheel in tools}:
        runtime = replace(runtime, ports=tuple(dict.fromkeys((*runtime.ports, DEBUG_PORT))))
    labels = {**runtime.labels, SOURCE_LABEL: mounted_at}
    return replace(plan, layers=(*others, *layers, *own), runtime=replace(runtime, labels=labels))
