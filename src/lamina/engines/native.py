"""The native engine: this process writes the layers, straight from wheels, without Docker."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from lamina.engines.layers import LayerShop
from lamina.engines.splicer import Splicers
from lamina.events import LayerBuilt
from lamina.image.assemble import assemble
from lamina.image.gate import check_libraries, check_owners
from lamina.layer.compress import compressor
from lamina.layer.contents import Contents
from lamina.layer.key import LAYOUT_VERSION
from lamina.layer.venv import Venv
from lamina.lock.lock import LockedWheel
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.parallel import gather_then
from lamina.plan.plan import BuildPlan, FileLayer, WheelLayer
from lamina.plan.serialize import plan_key
from lamina.protocols import Base, Content, Source
from lamina.steps import Step
from lamina.store.store import Store

Finished = tuple[Layer, Contents]
Maker = Callable[[Sequence[Path]], tuple[Finished, bool]]
"""Makes a layer of the fetched wheels, or finds it; says whether it was there."""

WORTH_A_PROCESS = 5_000_000
"""Bytes of wheels from which a layer is made by another process, which takes 0.1 s to start."""


class NativeEngine:
    """Builds images from a plan, a base and a source of wheels, into the local store."""

    def __init__(  # noqa: PLR0913 - wired once
        self,
        *,
        store: Store,
        base: Base,
        source: Source,
        fetchers: int = 8,
        writers: int = 2,
        no_cache: bool = False,
    ) -> None:
        self._store = store
        self._base = base
        self._source = source
        self._fetchers = fetchers
        self._writers = writers
        self._no_cache = no_cache

    def build(self, plan: BuildPlan, step: Step) -> tuple[Image, Content]:
        """Build the plan's image; layers whose key the store knows are not made again.

        Raises ``CheckFailed`` when the image would not start, and then remembers no image.
        """
        memory = f"{LAYOUT_VERSION} {compressor()} {plan_key(plan)}"
        layers = self._remembered(memory)
        if layers is None:
            finished = self._make(plan, step)
            self._check(plan, finished, step)
            layers = tuple(layer for layer, _ in finished)
            self._store.remember("image", memory, [_layer_to_json(layer) for layer in layers])
        else:
            for layer in layers:
                _tell(step, layer, cached=True)
        image = assemble(plan, layers)
        self._store.blobs.add(image.config_bytes, media_type=image.config.media_type)
        return image, self._store.blobs

    def _remembered(self, memory: str) -> tuple[Layer, ...] | None:
        """Return the layers of an image built before, if every blob is still there."""
        if self._no_cache:
            return None
        rows = self._store.recall("image", memory)
        if not isinstance(rows, list):
            return None
        layers = tuple(_layer_from_json(row) for row in rows)
        return layers if all(self._store.blobs.has(x.descriptor) for x in layers) else None

    def _make(self, plan: BuildPlan, step: Step) -> list[Finished]:
        shop = LayerShop(
            self._store, _venv(plan), plan.bytecode, workers=self._writers, no_cache=self._no_cache
        )
        with Splicers(self._store, _venv(plan), plan.bytecode, workers=self._writers) as splicers:
            return self._make_with(shop, splicers, plan, step)

    def _make_with(
        self, shop: LayerShop, splicers: Splicers, plan: BuildPlan, step: Step
    ) -> list[Finished]:
        """Make or find every layer: the base while wheels download, each as its wheels come."""
        directory = plan.runtime.working_directory
        jobs: dict[str, Callable[[Sequence[Path]], Sequence[Finished]]] = {
            "base": lambda _: self._base_layers(plan, base_step),
        }
        parts: dict[str, Sequence[tuple[LockedWheel, Step]]] = {"base": (), "environment": ()}
        base_step = step.child(f"base {plan.base.reference}")
        jobs["environment"] = _job(
            lambda _: shop.venv_layer(directory), step.child("layer environment")
        )
        for number, layer in enumerate(plan.layers):
            name = f"{number} {layer.name}"
            missing = isinstance(layer, WheelLayer) and not shop.has(layer)
            wheels = layer.wheels if isinstance(layer, WheelLayer) and missing else ()
            parts[name] = [(w, step.child(f"fetch {w.filename}")) for w in wheels]
            make = _maker(shop, splicers if missing else None, layer)
            jobs[name] = _job(make, step.child(f"layer {layer.name}"))
        made = gather_then(
            parts,
            fetch=lambda part: self._source.fetch(*part),
            combine=lambda name, paths: jobs[name](paths),
            fetchers=self._fetchers,
            combiners=self._writers,
        )
        return [finished for group in made.values() for finished in group]

    def _base_layers(self, plan: BuildPlan, step: Step) -> list[Finished]:
        with step:
            layers = self._base.layers(plan.base, step)
            return [(layer, self._store.contents(layer)) for layer in layers]

    def _check(self, plan: BuildPlan, finished: Sequence[Finished], step: Step) -> None:
        with step.child("check") as check:
            above_base = len(plan.layers) + 1  # the environment, whose files are nobody's to change
            check_owners(contents for _, contents in finished[-above_base:])
            paths = dict(plan.runtime.environment).get("LD_LIBRARY_PATH", "").split(":")
            warnings = check_libraries(
                [contents for _, contents in finished],
                plan.base.platform,
                search_path=[path for path in paths if path],
            )
            for finding in warnings:
                check.log(f"{finding.what} (optional)")


def _maker(shop: LayerShop, splicers: Splicers | None, layer: WheelLayer | FileLayer) -> Maker:
    if isinstance(layer, FileLayer):
        return lambda _: shop.file_layer(layer)
    if splicers is None or layer.size < WORTH_A_PROCESS:
        return lambda paths: shop.wheel_layer(layer, paths)

    def make(paths: Sequence[Path]) -> tuple[Finished, bool]:
        splicers.make(layer, paths)
        return shop.made(layer), False

    return make


def _job(make: Maker, step: Step) -> Callable[[Sequence[Path]], Sequence[Finished]]:
    def run(paths: Sequence[Path]) -> Sequence[Finished]:
        with step:
            found, cached = make(paths)
            if cached:
                step.cached()
            _tell(step, found[0], cached=cached)
        return [found]

    return run


def _venv(plan: BuildPlan) -> Venv:
    return Venv(
        prefix=PurePosixPath(plan.venv),
        python=plan.base.python,
        base_interpreter=PurePosixPath(plan.base.interpreter),
    )


def _tell(step: Step, layer: Layer, *, cached: bool) -> None:
    step.tell(
        LayerBuilt,
        name=layer.created_by,
        digest=layer.descriptor.digest,
        size=layer.size,
        cached=cached,
    )


def _layer_to_json(layer: Layer) -> list[object]:
    return [layer.descriptor.to_json(), str(layer.diff_id), layer.created_by]


def _layer_from_json(row: list[object]) -> Layer:
    return Layer(
        descriptor=Descriptor.from_json(row[0]),
        diff_id=Digest.parse(row[1]),
        created_by=str(row[2]),
    )
