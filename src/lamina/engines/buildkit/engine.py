"""The engine: a plan becomes a Dockerfile, BuildKit builds it, and the store takes the image."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.engines.buildkit.adopt import adopt
from lamina.engines.buildkit.client import Request, Wishes, command
from lamina.engines.buildkit.context import own_wheel_of, write_files, write_lock, write_wheel
from lamina.engines.buildkit.dockerfile import PATH, Source, render_plan
from lamina.engines.buildkit.groups import Group, groups_of
from lamina.engines.buildkit.reach import Reach
from lamina.engines.buildkit.requirements import dependencies_of
from lamina.engines.buildkit.run import run_build
from lamina.errors import ImageError
from lamina.events import ImageBuilt, LayerBuilt
from lamina.oci.image import Image
from lamina.plan.component import Component
from lamina.plan.plan import BuildPlan, FileLayer
from lamina.project.diet_settings import Diet
from lamina.project.project import Project
from lamina.protocols import Content
from lamina.steps import Step
from lamina.store.store import Store


class BuildkitEngine:
    """Builds images of one project with BuildKit, wherever that runs.

    What is sent there is the Dockerfile of ``lamina dockerfile``, the files that the plan names,
    the project's wheel as the plan has it, and one hash for each distribution.
    """

    def __init__(
        self,
        store: Store,
        project: Project,
        reach: Reach,
        wishes: Wishes,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._project = project
        self._reach = reach
        self._wishes = wishes
        self._clock = clock

    def build(self, plan: BuildPlan, step: Step) -> tuple[Image, Content]:
        """Build ``plan``; raise ``ToolError`` with what BuildKit said where it could not."""
        for text in left_undone(plan):
            step.warn(text)
        self._store.ingest.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="buildkit-", dir=self._store.ingest) as name:
            folder = Path(name)
            request = self._request(plan, folder)
            with self._reach.client() as client:
                words, environment = command(client, request), self._reach.environment
                run_build(words, environment, step, clock=self._clock)
            image, known = adopt(request.layout, plan, self._store)
        named = parts(plan, len(image.layers))
        for layer, (part, component, holds) in zip(image.layers, named, strict=True):
            step.tell(
                LayerBuilt,
                name=holds or " ".join(layer.created_by.split()),
                digest=layer.descriptor.digest,
                size=layer.size,
                cached=str(layer.descriptor.digest) in known,
                part=part,
                component=component,
            )
        step.tell(
            ImageBuilt,
            platform=str(plan.base.platform),
            digest=image.descriptor.digest,
            size=image.size,
        )
        return image, self._store.blobs

    def _request(self, plan: BuildPlan, folder: Path) -> Request:
        groups = groups_of(plan)
        source = Source(lock="requirements.txt" if groups else "")
        dockerfile = folder / PATH
        dockerfile.parent.mkdir()
        dockerfile.write_text(render_plan(self._project, plan, source), encoding="utf-8")
        return Request(
            dockerfile=dockerfile,
            context=write_files(plan, folder / "context"),
            contexts=self._contexts(plan, groups, folder),
            layout=folder / "layout",
            platform=str(plan.base.platform),
            wishes=self._wishes,
        )

    def _contexts(
        self, plan: BuildPlan, groups: tuple[Group, ...], folder: Path
    ) -> dict[str, Path]:
        found: dict[str, Path] = {}
        if groups:
            found["lock"] = write_lock(plan, groups, folder / "lock")
        if own := own_wheel_of(plan):
            path = self._store.wheel_path(own.digest)
            found["wheel"] = write_wheel(own, path, folder / "wheel")
        return found


def left_undone(plan: BuildPlan) -> tuple[str, ...]:
    """Say what of the plan a Dockerfile of ours has no words for."""
    found = []
    if plan.diet != Diet():
        found.append("the settings of `diet` are the native engine's: all files of wheels go in")
    if plan.bytecode == "imported":
        found.append("bytecode of imported modules is the native engine's: there will be none")
    return tuple(found)


Named = tuple[str, Component, str]
"""What a layer is called while versions change, what it is for, and the distributions in it."""


def parts(plan: BuildPlan, layers: int) -> tuple[Named, ...]:
    """Say what each of the image's layers is, from the bottom up.

    Raises ``ImageError`` for fewer layers than the Dockerfile makes.
    """
    top = [*_top(plan)]
    below = layers - len(top)
    base = len(plan.base.found_layers) or 1
    if below < base:
        raise ImageError(f"BuildKit made {layers} layers, and the Dockerfile has {len(top)}")
    rest = [("system", Component.SYSTEM, "")] * (below - base)
    return (*[("base", Component.BASE, "")] * base, *rest, *top)


def _top(plan: BuildPlan) -> Iterator[Named]:
    """List the layers that the last stage makes; see ``dockerfile.render_plan``."""
    versions = {wheel.name: wheel.version for wheel in dependencies_of(plan)}
    yield "environment", Component.ENVIRONMENT, ""
    yield "working directory", Component.ENVIRONMENT, ""
    for group in groups_of(plan):
        holds = " ".join(f"{name}=={versions[name]}" for name in group.distributions)
        yield group.name.partition("-")[2], Component.DEPENDENCIES, f"buildkit: {holds}"
    own = own_wheel_of(plan)
    if own is None or any(isinstance(layer, FileLayer) for layer in plan.layers):
        yield "files", Component.APPLICATION, ""
    if own:
        yield plan.name, Component.APPLICATION, f"buildkit: {own.name}=={own.version}"
