"""The native engine: this process writes the layers, straight from wheels, without Docker."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lamina.engines.expected import venv_of
from lamina.engines.idle_drops import warn_of_idle_drops
from lamina.engines.layers import LayerShop
from lamina.engines.splicer import Splicers
from lamina.events import ImageBuilt, LayerBuilt
from lamina.image.assemble import assemble
from lamina.image.gate import check_libraries, check_owners
from lamina.layer.compress import compressor
from lamina.layer.key import LAYOUT_VERSION
from lamina.layer.memo import Finished, Memo
from lamina.layer.venv import Venv
from lamina.lock.lock import LockedWheel
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.parallel import NamedLocks, gather_then, map_ordered
from lamina.plan.diet import RULES_VERSION
from lamina.plan.parts import ENVIRONMENT, Part, part_of, parts_of
from lamina.plan.plan import BuildPlan, Bytecode, FileLayer, WheelLayer
from lamina.plan.serialize import plan_key
from lamina.project.base_pin import registry_reference
from lamina.protocols import Base, Content, Source
from lamina.steps import Step
from lamina.store.elsewhere import note_places
from lamina.store.promises import Promises
from lamina.store.store import Store

Maker = Callable[[Sequence[Path]], tuple[Finished, bool]]
"""Makes a layer of the fetched wheels, or finds it; says whether it was there."""

Offer = Callable[[Layer, Content], None]
"""Takes a layer of dependencies that was made, before its image is."""

WORTH_A_PROCESS = 5_000_000
"""Bytes of wheels from which a layer is made by another process, which takes 0.1 s to start."""


def unoffered(_layer: Layer, _content: Content) -> None:
    """Leave the layer to the finished image."""


class NativeEngine:
    """Builds images from a plan, a base and a source of wheels, into the local store."""

    def __init__(  # noqa: PLR0913 - wired once
        self,
        *,
        store: Store,
        base: Base,
        source: Source,
        memo: Memo,
        fetchers: int = 8,
        writers: int = 2,
        no_cache: bool = False,
        offer: Offer = unoffered,
    ) -> None:
        self._store = store
        self._base = base
        self._source = source
        self._memo = memo
        self._content = Promises(store.blobs)
        self._fetchers = fetchers
        self._writers = writers
        self._no_cache = no_cache
        self._offer = offer
        # However many platforms are built at once, they share one network and one machine:
        self._connections = threading.Semaphore(fetchers)
        self._processors = threading.Semaphore(writers)
        self._layers: NamedLocks[str] = NamedLocks()
        self._wheels: NamedLocks[Digest] = NamedLocks()
        self._splicers: dict[tuple[Venv, Bytecode], Splicers] = {}

    def build(self, plan: BuildPlan, step: Step) -> tuple[Image, Content]:
        """Build the plan's image; layers whose key the store knows are not made again.

        Nor are layers that the memo knows, whose bytes are then made when they are asked for.
        Several platforms may be built at the same time, and what they share is made once.
        Raises ``CheckFailed`` when the image would not start, and then remembers no image.
        """
        memory = f"{LAYOUT_VERSION} {RULES_VERSION} {compressor()} {plan_key(plan)}"
        layers = self._remembered(memory)
        if layers is None:
            finished = self._make(plan, step)
            self._check(plan, finished, step)
            layers = tuple(layer for layer, _ in finished)
            rows = [_layer_to_json(layer) for layer in layers]
            self._store.remember("image of keyed layers", memory, rows)
        else:
            for layer, part in zip(layers, parts_of(plan, len(layers)), strict=True):
                _tell(step, layer, part, cached=True)
        self._keep(plan, layers)
        warn_of_idle_drops(plan, self._store, step)
        image = assemble(plan, layers)
        self._store.blobs.add(image.config_bytes, media_type=image.config.media_type)
        step.tell(
            ImageBuilt,
            platform=str(plan.base.platform),
            digest=image.descriptor.digest,
            size=image.size,
        )
        return image, self._content

    def _remembered(self, memory: str) -> tuple[Layer, ...] | None:
        """Return the layers of an image built before, if every blob is still there."""
        if self._no_cache:
            return None
        rows = self._store.recall("image of keyed layers", memory)
        if not isinstance(rows, list):
            return None
        layers = tuple(_layer_from_json(row) for row in rows)
        return layers if all(self._store.is_whole(x) for x in layers) else None

    def _make(self, plan: BuildPlan, step: Step) -> list[Finished]:
        shop = LayerShop(
            self._store,
            venv_of(plan),
            plan.bytecode,
            workers=self._writers,
            no_cache=self._no_cache,
        )
        setup = venv_of(plan), plan.bytecode
        new = Splicers(self._store, *setup, workers=self._writers)
        with self._splicers.setdefault(setup, new) as splicers:
            return self._make_with(shop, splicers, plan, step)

    def _make_with(
        self, shop: LayerShop, splicers: Splicers, plan: BuildPlan, step: Step
    ) -> list[Finished]:
        """Make or find every layer: the base while wheels download, each as its wheels come."""
        known = self._known(shop, plan, step)
        directory = plan.runtime.working_directory
        jobs: dict[str, Callable[[Sequence[Path]], Sequence[Finished]]] = {
            "base": lambda _: self._base_layers(plan, base_step),
        }
        parts: dict[str, Sequence[tuple[LockedWheel, Step]]] = {"base": (), "environment": ()}
        base_step = step.child(f"base {plan.base.reference}")
        jobs["environment"] = _job(
            lambda _: shop.venv_layer(directory, plan.home),
            step.child("layer environment"),
            ENVIRONMENT,
        )
        for number, layer in enumerate(plan.layers):
            name = f"{number} {layer.name}"
            if name in known:
                late = step.child(f"layer {layer.name}")
                parts[name], jobs[name] = (), _job(known[name], late, part_of(layer))
                continue
            missing = isinstance(layer, WheelLayer) and not shop.has(layer)
            wheels = layer.wheels if isinstance(layer, WheelLayer) and missing else ()
            parts[name] = [(w, step.child(f"fetch {w.filename}")) for w in wheels]
            make = _maker(shop, splicers if missing else None, layer)
            if isinstance(layer, WheelLayer) and missing:
                make = self._once(shop, layer, make)
            jobs[name] = _job(make, step.child(f"layer {layer.name}"), part_of(layer))
        made = gather_then(
            parts,
            fetch=lambda part: self._fetch(*part),
            combine=lambda name, paths: jobs[name](paths),
            fetchers=self._fetchers,
            combiners=self._writers,
        )
        return [finished for group in made.values() for finished in group]

    def _once(self, shop: LayerShop, layer: WheelLayer, make: Maker) -> Maker:
        """Make the layer, unless another platform's build has made it in the meantime."""

        def run(paths: Sequence[Path]) -> tuple[Finished, bool]:
            with self._layers.of(shop.key(layer)), self._processors:
                if shop.has(layer):
                    return shop.made(layer), True
                made = make(paths)
            if not layer.is_own:
                self._offer(made[0][0], self._content)
            return made

        return run

    def _fetch(self, wheel: LockedWheel, step: Step) -> Path:
        with self._wheels.of(wheel.digest), self._connections:
            return self._source.fetch(wheel, step)

    def _known(self, shop: LayerShop, plan: BuildPlan, step: Step) -> dict[str, Maker]:
        """Ask the memo for the layers that the store lacks, and promise their bytes."""
        missing = {
            f"{number} {layer.name}": layer
            for number, layer in enumerate(plan.layers)
            if isinstance(layer, WheelLayer) and not layer.is_own and not shop.has(layer)
        }
        if not missing or self._no_cache:
            return {}
        found = self._memo.find([shop.key(layer) for layer in missing.values()], step)
        known: dict[str, Maker] = {}
        for name, layer in missing.items():
            if finished := found.get(shop.key(layer)):
                self._store.remember_layer(shop.key(layer), *finished)
                late = step.child(f"layer {layer.name}, whose bytes are asked for")
                make = partial(self._make_late, shop, layer, late)
                self._content.promise(finished[0].descriptor, make)
                places = self._memo.places(shop.key(layer))
                note_places(self._store, finished[0].descriptor.digest, places)
                known[name] = partial(_found, finished)
        return known

    def _make_late(self, shop: LayerShop, layer: WheelLayer, step: Step) -> None:
        """Make a layer that a registry was said to have, and has not."""
        with step:
            steps = [(wheel, step.child(f"fetch {wheel.filename}")) for wheel in layer.wheels]
            paths = map_ordered(lambda pair: self._fetch(*pair), steps, workers=self._fetchers)
            shop.wheel_layer(layer, paths)

    def _base_layers(self, plan: BuildPlan, step: Step) -> list[Finished]:
        with step:
            layers = self._base.layers(plan.base, step)
            for layer in layers:
                if not self._store.blobs.has(layer.descriptor):
                    late = step.child(f"layer {layer.descriptor.digest.short}")
                    bring = partial(self._base.bring, plan.base, layer, late)
                    self._content.promise(layer.descriptor, bring)
                    places = self._places_of_base(plan, layer)
                    note_places(self._store, layer.descriptor.digest, places)
            return [(layer, self._store.contents(layer)) for layer in layers]

    def _places_of_base(self, plan: BuildPlan, layer: Layer) -> Sequence[str]:
        """List where a layer of the base can be had, other than by making it."""
        if layer.key:
            return self._memo.places(layer.key)
        image = registry_reference(plan.base.reference)
        return (image.place,) if image else ()

    def _keep(self, plan: BuildPlan, layers: Sequence[Layer]) -> None:
        """Note the layers that other machines may need: the base's and the dependencies'."""
        planned = [None] * (len(layers) - len(plan.layers) - 1) + [*plan.layers]
        made = [*layers[: -len(plan.layers) - 1], *layers[len(layers) - len(plan.layers) :]]
        for what, layer in zip(planned, made, strict=True):
            is_shared = what is None or (isinstance(what, WheelLayer) and not what.is_own)
            if is_shared and layer.key:
                self._memo.keep(layer.key, layer, partial(self._store.contents, layer))

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


def _found(finished: Finished, _: Sequence[Path]) -> tuple[Finished, bool]:
    return finished, True


def _maker(shop: LayerShop, splicers: Splicers | None, layer: WheelLayer | FileLayer) -> Maker:
    if isinstance(layer, FileLayer):
        return lambda _: shop.file_layer(layer)
    if splicers is None or layer.size < WORTH_A_PROCESS:
        return lambda paths: shop.wheel_layer(layer, paths)

    def make(paths: Sequence[Path]) -> tuple[Finished, bool]:
        splicers.make(layer, paths)
        return shop.made(layer), False

    return make


def _job(make: Maker, step: Step, part: Part) -> Callable[[Sequence[Path]], Sequence[Finished]]:
    def run(paths: Sequence[Path]) -> Sequence[Finished]:
        with step:
            found, cached = make(paths)
            if cached:
                step.cached()
            _tell(step, found[0], part, cached=cached)
        return [found]

    return run


def _tell(step: Step, layer: Layer, part: Part, *, cached: bool) -> None:
    name, component = part
    step.tell(
        LayerBuilt,
        name=layer.created_by,
        digest=layer.descriptor.digest,
        size=layer.size,
        cached=cached,
        part=name,
        component=component,
    )


def _layer_to_json(layer: Layer) -> list[object]:
    return [layer.descriptor.to_json(), str(layer.diff_id), layer.created_by]


def _layer_from_json(row: list[object]) -> Layer:
    return Layer(
        descriptor=Descriptor.from_json(row[0]),
        diff_id=Digest.parse(row[1]),
        created_by=str(row[2]),
    )
