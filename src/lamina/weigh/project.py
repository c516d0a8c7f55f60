"""Weigh a project: the wheels of its plan, who requires them, who uses them, what is lighter."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lamina.engines.expected import venv_of
from lamina.lock.lock import Lock, LockedWheel
from lamina.lock.target import Target
from lamina.plan.diet import lines_of
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.project.project import Project
from lamina.steps import Step
from lamina.store.store import Store
from lamina.weigh.cost import extras_cost
from lamina.weigh.direct import Direct, find_direct
from lamina.weigh.evidence import collect
from lamina.weigh.graph import Graph, make_graph
from lamina.weigh.lookup import Lookup, known_alternatives
from lamina.weigh.survey import Opener, Scales, Survey
from lamina.weigh.swaps import Swap, candidates
from lamina.weigh.usage import judge
from lamina.weigh.weighing import Weighing
from lamina.weigh.weight import Weight

_READERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What a project is weighed with.

    ``resolve`` turns the text of a requirements file into what a target would install; without it
    no alternative is looked up.
    """

    opener: Opener
    store: Store
    resolve: Callable[[str, Target], Lock] | None = None


def weigh_project(
    project: Project,
    plan: BuildPlan,
    instruments: Instruments,
    step: Step,
    *,
    loaded: Iterable[str] = (),
) -> Weighing:
    """Weigh what ``plan`` installs; ``loaded`` are modules that a run of the image loaded.

    Raises ``NetworkError`` for a wheel that cannot be read and ``ProjectError`` for a list of
    dependencies that cannot.
    """
    direct = find_direct(project)
    wheels, own = _divided(plan)
    scales = Scales(
        opener=instruments.opener, store=instruments.store, venv=venv_of(plan), workers=_READERS
    )
    survey = scales.weigh([*wheels, *own], step.child("weigh"))
    weights = {weight.name: weight for weight in survey.weights[: len(wheels)]}
    environment = _target(plan).environment
    graph = make_graph(weights.values(), direct.requirements, environment)
    evidence = collect(project, loaded=loaded)
    looking = _lookup(plan, direct, graph, weights, wheels, instruments, scales)
    swaps, fetched = _swaps(looking, plan, step)
    return Weighing(
        project=plan.name,
        platform=str(plan.base.platform),
        python=plan.base.python,
        weights=weights,
        graph=graph,
        uses=judge(graph, weights, evidence),
        swaps=swaps,
        extras=extras_cost(weights, direct.requirements, environment),
        own=survey.weights[-1] if own else None,
        packed=sum(wheel.size for wheel in plan.wheels),
        fetched=survey.fetched + fetched,
        computed=evidence.code.computed,
        notes=_notes(plan, direct, survey),
        diet=tuple(line.key for line in lines_of(plan.diet)),
    )


def _divided(plan: BuildPlan) -> tuple[list[LockedWheel], list[LockedWheel]]:
    """Tell the wheels of dependencies from the project's own."""
    layers = [layer for layer in plan.layers if isinstance(layer, WheelLayer)]
    dependencies = [wheel for layer in layers if not layer.is_own for wheel in layer.wheels]
    own = [wheel for layer in layers if layer.is_own for wheel in layer.wheels]
    return sorted(dependencies, key=lambda wheel: wheel.name), own


def _target(plan: BuildPlan) -> Target:
    base = plan.base
    return base.target


def _lookup(  # noqa: PLR0913, PLR0917 - what a look-up is made of
    plan: BuildPlan,
    direct: Direct,
    graph: Graph,
    weights: Mapping[str, Weight],
    wheels: Iterable[LockedWheel],
    instruments: Instruments,
    scales: Scales,
) -> Lookup | None:
    resolve, target = instruments.resolve, _target(plan)
    if resolve is None:
        return None
    return Lookup(
        graph=graph,
        weights=weights,
        pins={wheel.name: wheel.version for wheel in wheels if wheel.url},
        resolve=lambda text: resolve(text, target),
        scales=scales,
        options=direct.options,
    )


def _swaps(lookup: Lookup | None, plan: BuildPlan, step: Step) -> tuple[tuple[Swap, ...], int]:
    """Look up what is lighter, one after another; the bytes read for it come as well."""
    if lookup is None:
        return (), 0
    architecture = plan.base.platform.architecture
    found = [
        lookup.look_up(a, step.child(f"look up {a.instead} for {a.name}"))
        for a in candidates(known_alternatives(), lookup.graph, architecture=architecture)
    ]
    return tuple(swap for swap, _ in found), sum(fetched for _, fetched in found)


def _notes(plan: BuildPlan, direct: Direct, survey: Survey) -> tuple[str, ...]:
    notes = []
    if survey.remembered:
        notes.append(f"{survey.remembered} of the wheels were weighed before.")
    if direct.path is None:
        notes.append("No list of direct dependencies: what nothing else requires counts as one.")
    if lines_of(plan.diet):
        notes.append("What the diet leaves out is counted here all the same.")
    if plan.bytecode != "none":
        notes.append("The image will hold bytecode as well, which is not counted here.")
    return tuple(notes)
