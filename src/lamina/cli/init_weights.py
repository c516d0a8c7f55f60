"""Which dependencies of a project nothing imports, with what they weigh."""

import sys

from lamina.build import make_plan
from lamina.cli import wiring
from lamina.errors import LaminaError
from lamina.project.project import Project
from lamina.sizes import bytes_text
from lamina.weigh.project import Instruments, weigh_project
from lamina.weigh.weighing import Weighing

_LEAST = 1 << 20
"""Bytes below which nobody need be told."""


def unused_text(project: Project) -> str:
    """Say what could be left out; empty for nothing, or where it cannot be found out."""
    try:
        with wiring.listening("plain") as step:
            workshop = wiring.workshop(project.directory)
            plan = make_plan(project, wiring.host_platform(), workshop, step)
            instruments = Instruments(
                opener=wiring.wheel_parts(project.directory, offline=False), store=workshop.store
            )
            weighing = weigh_project(project, plan, instruments, step)
    except LaminaError as error:
        print(f"not weighed: {error.what}; `lamina weigh` tries again", file=sys.stderr)
        return ""
    return _text(weighing)


def _text(weighing: Weighing) -> str:
    costs = weighing.costs
    rows = sorted(((costs[name].exclusive.size, name) for name in weighing.droppable), reverse=True)
    heavy = [(size, name) for size, name in rows if size >= _LEAST]
    if not heavy:
        return ""
    lines = [f"  {name}: {bytes_text(size)} leave with it" for size, name in heavy]
    drops = " ".join(f"--drop {name}" for _, name in heavy)
    return "\n".join(
        (
            f"the wheels unpack to {bytes_text(weighing.total.size)}, and no code imports",
            *lines,
            f"without them: lamina weigh --apply {drops} --write && lamina lock",
        )
    )
