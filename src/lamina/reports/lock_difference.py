"""What another lock would change: distributions, layers, and the bytes that move; nothing built."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lamina.oci.annotations import LAYER_KEY
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.media_type import LAYER_GZIP
from lamina.plan.forecast import ExpectedLayer, Forecast, forecast
from lamina.plan.plan import BuildPlan
from lamina.reports.comparison import change
from lamina.reports.document import Cell, Column, Document, Figure, Figures, Section, Table, Unit
from lamina.reports.figures import counted

_SIZES: Final = (
    Column(key="size_before", title="size before", unit=Unit.BYTES),
    Column(key="size_after", title="after", unit=Unit.BYTES),
    Column(key="size_change", title="change", unit=Unit.BYTES),
)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a lock, called ``name``, leads to: a plan, and the layers that it will give."""

    name: str
    plan: BuildPlan
    layers: tuple[ExpectedLayer, ...]


def lock_document(old: Planned, new: Planned) -> Document:
    """Describe what happens when the image of one lock replaces that of the other."""
    expected = forecast(new.layers, _manifest(old.layers), reference=old.name)
    return Document(
        title=f"{old.name} → {new.name}",
        subtitle=f"{new.plan.name} for {new.plan.base.platform}",
        sections=(
            Section(key="moved", title="What moves", blocks=(_figures(expected),)),
            Section(
                key="distributions", title="Distributions",
                blocks=(_distributions(old.plan, new.plan),),
            ),
            Section(key="layers", title="Layers", blocks=(_layers(expected),)),
        ),
    )  # fmt: skip


def _manifest(layers: tuple[ExpectedLayer, ...]) -> tuple[Descriptor, ...]:
    """Describe layers as a registry would that has them; they are known by their keys."""
    return tuple(
        Descriptor(
            media_type=LAYER_GZIP,
            digest=Digest.of(mark.encode()),
            size=layer.size,
            annotations={LAYER_KEY: mark},
        )
        for layer in layers
        for mark in sorted(layer.marks)[:1]
    )


def _figures(expected: Forecast) -> Figures:
    about = "" if expected.is_exact else "about, by the sizes of wheels; "
    total = len(expected.layers)
    again = total - expected.unpacked_from
    return Figures(
        key="figures",
        title="Bytes",
        items=(
            Figure(
                key="push", label="To push", value=expected.push_size, unit=Unit.BYTES,
                note=f"{about}{len(expected.moved)} of {counted(total, 'layer')}",
            ),
            Figure(
                key="pull", label="To pull", value=expected.push_size, unit=Unit.BYTES,
                note="by a node that has the old image",
            ),
            Figure(
                key="unpack", label="To unpack", value=expected.unpack_size, unit=Unit.BYTES,
                note=f"packed, in {counted(again, 'layer')}",
            ),
        ),
    )  # fmt: skip


def _distributions(old: BuildPlan, new: BuildPlan) -> Table:
    before, after = _wheels(old), _wheels(new)
    names = sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    return Table(
        key="distributions",
        title="Wheels that differ",
        columns=(
            Column(key="name", title="name", unit=Unit.CODE),
            Column(key="before", title="before", unit=Unit.CODE),
            Column(key="after", title="after", unit=Unit.CODE),
            *_SIZES,
        ),
        rows=tuple(_row(name, before, after) for name in names),
    )


_Wheel = tuple[str, int, str]
"""Version, size and digest."""


def _wheels(plan: BuildPlan) -> dict[str, _Wheel]:
    return {wheel.name: (wheel.version, wheel.size, str(wheel.digest)) for wheel in plan.wheels}


def _row(name: str, before: Mapping[str, _Wheel], after: Mapping[str, _Wheel]) -> tuple[Cell, ...]:
    one, other = before.get(name, ("", 0, "")), after.get(name, ("", 0, ""))
    return name, one[0], other[0], one[1], other[1], change(one[1], other[1], Unit.BYTES)


def _layers(expected: Forecast) -> Table:
    return Table(
        key="layers",
        title="Layers of the new image, from the bottom up",
        columns=(
            Column(key="name", title="layer", unit=Unit.CODE),
            Column(key="bytes", title="size", unit=Unit.BYTES),
            Column(key="fate", title="what happens"),
        ),
        rows=tuple(
            (layer.name, layer.size, "is there" if layer.name in expected.present else "moves")
            for layer in expected.layers
        ),
    )
