"""The pipeline on one screen: project → lock → plan → engine → destination, for each platform."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from packaging.specifiers import SpecifierSet

from lamina.errors import ProjectError
from lamina.events import PlanDecided
from lamina.ingredients import dev_wheels, locked_wheels, planned_files
from lamina.lock.target import check_supported
from lamina.oci.image import Image, Index
from lamina.oci.platform import Platform
from lamina.own_wheel import editable, own_inputs, own_wheel_of
from lamina.parallel import Turn, together
from lamina.plan.decide import decide
from lamina.plan.develop import develop
from lamina.plan.inputs import plan_inputs
from lamina.plan.plan import BaseImage, BuildPlan
from lamina.plan.serialize import plan_key
from lamina.plan.stale_loaded import stale_loaded
from lamina.project.base_pin import pinned, stale_pins
from lamina.project.buildkit_images import moving_images
from lamina.project.loaded import Loaded, read_loaded
from lamina.project.project import Project
from lamina.project.python_base import with_python
from lamina.project.read import read_project
from lamina.protocols import Content, Destination
from lamina.steps import Step
from lamina.workshop import Workshop


def build(  # noqa: PLR0913 - the pipeline's parts, and which of the images
    directory: Path,
    platforms: Sequence[Platform],
    destinations: Sequence[Destination],
    workshop: Workshop,
    step: Step,
    *,
    variant: str = "",
    python: str = "",
    is_dev: bool = False,
) -> Image | Index:
    """Build the project in ``directory`` for each platform and write it to each destination.

    ``variant`` names one of the project's variants, ``python`` another minor version than that of
    its base, and ``is_dev`` makes the image for working on it.  One platform gives a plain image,
    several an index.  Nothing is written when any fails, but for layers in repositories
    that no image names: a push may begin before the build has ended.
    """
    project = with_python(replace(read_project(directory, variant), is_dev=is_dev), python)
    steps = [(step.child(f"plan {platform}"), step.child(f"build {platform}"))
             for platform in platforms]  # fmt: skip

    def build_one(number: int, turn: Turn) -> tuple[Image, Content]:
        planning, building = steps[number]
        plan = _plan(project, platforms[number], workshop, planning, turn)
        with building:
            return workshop.engine.build(plan, building)

    built = together(build_one, range(len(platforms)))
    images = tuple(image for image, _ in built)
    content = built[-1][1]
    result = images[0] if len(images) == 1 else Index(images=images)
    for destination in destinations:
        destination.write(result, content, step.child("write"))
    workshop.memo.save(content, step)
    return result


def make_plan(project: Project, platform: Platform, workshop: Workshop, step: Step) -> BuildPlan:
    """Find out what the plan depends on, and decide it."""
    return _plan(project, platform, workshop, step.child(f"plan {platform}"), Turn())


def _plan(
    project: Project, platform: Platform, workshop: Workshop, planning: Step, turn: Turn
) -> BuildPlan:
    """Plan for one platform; wheels that are built are left to the platform whose turn it is."""
    settings = project.settings
    check_supported(platform)
    with planning:
        also = moving_images(settings)
        if stale := stale_pins(settings.base, project.base_pins, also=also):
            planning.warn(stale)
        base = workshop.base.resolve(
            pinned(settings.base, project.base_pins),
            platform,
            settings.system_packages,
            planning.child("resolve base"),
        )
        _check_python(project, base)
        lock = locked_wheels(project, base, workshop, planning, turn)
        tools = dev_wheels(project, lock, base, workshop, planning, turn=turn)
        own_wheel = own_wheel_of(project, base.target, workshop, planning)
        turn.end()
        if project.is_dev and own_wheel:
            own_wheel = editable(project, own_wheel, workshop.store)
        loaded = _loaded(project)
        if stale := stale_loaded(loaded, lock.wheels, where=settings.loaded):
            planning.warn(stale)
        plan = decide(
            project,
            lock=lock,
            base=base,
            own_wheel=own_wheel,
            files=() if project.is_dev else planned_files(project, workshop.store, workshop.clock),
            loaded=loaded,
            created=workshop.created,
        )
        if project.is_dev:
            plan = develop(plan, tools, mounted_at=settings.working_directory)
        planning.tell(
            PlanDecided,
            platform=str(platform),
            key=str(plan_key(plan)),
            layers=plan.layer_count,
            wheels=len(plan.wheels),
            project=plan.name,
            inputs=plan_inputs(plan, own_inputs(project, own_wheel, workshop.store)),
        )
    return plan


def _loaded(project: Project) -> Loaded:
    """Read which modules the image loads, where that decides anything."""
    settings = project.settings
    return (
        read_loaded(project.directory / settings.loaded)
        if settings.bytecode == "imported"
        else Loaded()
    )


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
