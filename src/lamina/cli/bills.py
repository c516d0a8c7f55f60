"""What a bill needs beside the plan: licences out of wheels, packages of the base, the version."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from typing import BinaryIO, Protocol

from lamina.anatomy.read import CheckedLayer
from lamina.debian.selection import DebianSelection
from lamina.errors import LaminaError
from lamina.image.facts_json import facts_from_json, facts_to_json
from lamina.image.installed import Installed, installed
from lamina.image.sbom import Bill, bill_of_plan
from lamina.image.wheel_metadata import WheelFacts, wheel_facts
from lamina.layer.zip_directory import Ranged, ZipDirectory
from lamina.lock.lock import LockedWheel
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.parallel import map_ordered
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.protocols import Content
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.workshop import Workshop

_WORKERS = 8
_TOPIC = "wheel metadata"


class OpenWheel(Protocol):
    """Opens wheels for who needs little of them."""

    def open(self, wheel: LockedWheel, step: Step) -> Ranged:
        """Open it; the caller closes it."""


def tool_version() -> str:
    """Say which Lamina this is."""
    try:
        return version("lamina")
    except PackageNotFoundError:
        return "unknown"


def gather_bill(  # noqa: PLR0913 - what it is gathered from
    plan: BuildPlan,
    workshop: Workshop,
    opener: OpenWheel,
    step: Step,
    *,
    project_version: str = "",
    image: Digest | None = None,
) -> Bill:
    """List the ingredients of ``plan``; what cannot be read of a wheel is a warning."""
    own = [w for x in plan.layers if isinstance(x, WheelLayer) and x.is_own for w in x.wheels]
    return bill_of_plan(
        plan,
        image=image,
        version=project_version or next((wheel.version for wheel in own), ""),
        selection=_selection(plan, workshop.store),
        base=_base(plan, workshop, step) if plan.base.found_layers else None,
        facts=_facts(plan, workshop.store, opener, step),
    )


def read_installed(content: Content, layers: Sequence[Descriptor], step: Step) -> Installed:
    """Read what layers say is installed; notes become warnings."""
    with ExitStack() as stack:
        found = installed(stack.enter_context(content.open(layer)) for layer in layers)
    return _noted(found, step)


def read_image(image: Image, content: Content, step: Step) -> Installed:
    """Read what an image says is installed, of layers that are what its manifest and config say.

    Raises ``ArchiveError`` and ``IntegrityError`` for others.
    """

    def streams(stack: ExitStack) -> Iterator[BinaryIO]:
        for layer in image.layers:
            checked = CheckedLayer(stack.enter_context(content.open(layer.descriptor)), layer)
            yield checked.tar
            checked.check()

    with ExitStack() as stack:
        found = installed(streams(stack))
    return _noted(found, step)


def _noted(found: Installed, step: Step) -> Installed:
    for note in found.notes:
        step.warn(note)
    return found


def _selection(plan: BuildPlan, store: Store) -> DebianSelection | None:
    """Return the packages that the base was assembled from, with what the archive says of them."""
    text = store.recall("debian selection", plan.base.digest.hex) if plan.base.packages else None
    return DebianSelection.from_json(text) if isinstance(text, str) else None


def _base(plan: BuildPlan, workshop: Workshop, step: Step) -> Installed:
    """Read the layers of a base that somebody else made."""
    layers = workshop.base.layers(plan.base, silent_step())
    with step.child(f"read {plan.base.reference}") as reading:
        for layer in layers:
            if not workshop.store.blobs.has(layer.descriptor):
                workshop.base.bring(plan.base, layer, reading.child("fetch a layer"))
        return read_installed(workshop.store.blobs, [layer.descriptor for layer in layers], reading)


def _facts(
    plan: BuildPlan, store: Store, opener: OpenWheel, step: Step
) -> Mapping[Digest, WheelFacts]:
    def read(wheel: LockedWheel) -> WheelFacts:
        known = facts_from_json(store.recall(_TOPIC, str(wheel.digest)))
        if known is not None:
            return known
        try:
            with ZipDirectory(opener.open(wheel, silent_step()), name=wheel.filename) as zip_:
                found = wheel_facts(zip_)
        except LaminaError as error:
            step.warn(f"the licence of {wheel.filename} is not known: {error.what}")
            return WheelFacts()
        store.remember(_TOPIC, str(wheel.digest), facts_to_json(found))
        return found

    with step.child("read metadata"):
        facts = map_ordered(read, plan.wheels, workers=_WORKERS)
    return {wheel.digest: one for wheel, one in zip(plan.wheels, facts, strict=True)}
