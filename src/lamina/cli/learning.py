"""Learning layers: what ``lamina lock`` does with a project's history, as far as there is one."""

from collections.abc import Sequence
from dataclasses import replace

from lamina.cli import wiring
from lamina.cli.lock_history import lock_history
from lamina.cli.pinning import locked_python
from lamina.errors import LaminaError
from lamina.lock.lock import LockedWheel
from lamina.lock.read import find_lock, read_lock
from lamina.lock.target import Target
from lamina.plan.choose import FEWEST_CHANGES, Choice, choose, learnt
from lamina.plan.evidence import learn
from lamina.plan.partition import partition
from lamina.project.project import Project
from lamina.steps import Step

_GLIBC = (2, 36)
"""That of Debian 12; which wheel of a version is taken hardly changes how large it is."""


def learn_layers(project: Project, step: Step) -> Choice | None:
    """Choose the layers of ``project`` from its lock's history; None where that says too little.

    The sizes are those of wheels for this machine's platform, as the index tells them; nothing is
    downloaded.  A clone that lacks older commits teaches nothing, for it would
    teach something else than the others.
    """
    python = locked_python(project)
    target = Target(
        platform=wiring.host_platform(), python=python, python_full=f"{python}.9", glibc=_GLIBC
    )
    history = lock_history(project.requirements, target)
    names = {name for pins in history.pins[:1] for name in pins}
    if history.is_shallow or len(learn(names, history.pins).changes) < FEWEST_CHANGES:
        return None
    with step.child("learn layers") as learning:
        try:
            wheels = _wheels(project, target)
        except LaminaError as error:
            learning.warn(f"the layers stay as they are, for sizes are not known: {error.what}")
            return None
    sizes = {wheel.name: wheel.size for wheel in wheels}
    evidence = learn(sizes, history.pins)
    layers = partition(wheels, groups=project.layers)
    now = [[wheel.name for wheel in layer.wheels] for layer in layers]
    return choose(learnt(sizes, evidence, now=now).values(), sizes, evidence, now=now)


def _wheels(project: Project, target: Target) -> Sequence[LockedWheel]:
    """Read the lock as a build does, but without its base; an sdist counts with its own size."""
    source = find_lock(project)
    if source.path is not None and source.path.suffix == ".txt":
        # As the lock was made; for a patch release that is not here uv would look for long.
        target = replace(target, python_full=target.python)
    lock = read_lock(source, target, wiring.uv_program(is_pinned=source.is_pinned))
    measure = wiring.workshop(project.directory).measure
    return [replace(wheel, size=measure(wheel)) for wheel in lock.wheels] + [
        LockedWheel(
            name=sdist.name,
            version=sdist.version,
            filename=sdist.filename,
            digest=sdist.digest,
            size=sdist.size,
        )
        for sdist in lock.sdists
    ]
