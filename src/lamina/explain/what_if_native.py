"""What if, for our own engine: the layers that an edit of a file makes again; pure."""

from lamina.explain.native import is_native
from lamina.explain.what_if import Forecast, Rerun
from lamina.history.record import BuildRecord, LayerRecord, StepKey
from lamina.plan.component import Component

_LOCKS = ("requirements", "pylock", "uv.lock", "poetry.lock", "pdm.lock")


def layer_forecast(record: BuildRecord, path: str, costs: dict[StepKey, float]) -> Forecast:
    """Say which layers of the last build an edit of a project's file makes again.

    A lock moves the layers of those distributions whose pins change, which nobody knows yet,
    besides the one that packs the lock itself.
    """
    own = [layer for layer in record.layers if layer.component is Component.APPLICATION]
    holding = [layer for layer in own if _holds(record, layer, path)]
    name = path.rpartition("/")[2]
    reruns = [_rerun(record, layer, costs, is_sure=True) for layer in holding]
    if name.startswith(_LOCKS):
        below = [x for x in record.layers if x.component is Component.DEPENDENCIES]
        reruns += [_rerun(record, layer, costs, is_sure=False) for layer in below]
    elif not holding and name.endswith((".py", ".toml", ".cfg", ".md")):
        reruns = [_rerun(record, layer, costs, is_sure=False) for layer in own]
    note = "" if reruns else "no layer of the last build holds it"
    return Forecast(
        change=f"edit {path}", steps=len(record.layers), reruns=tuple(reruns), note=note
    )


def _holds(record: BuildRecord, layer: LayerRecord, path: str) -> bool:
    if not is_native(record):
        return False
    inputs = record.fingerprint["platforms"].get(layer.platform) or {}
    rows = inputs.get("parts", {}).get(layer.part) or {}
    return any(held == path or held.endswith(f"/{path}") for held in rows)


def _rerun(
    record: BuildRecord, layer: LayerRecord, costs: dict[StepKey, float], *, is_sure: bool
) -> Rerun:
    step = next((step for step in record.steps if step.id == layer.step), None)
    seconds = costs.get(step.key, step.seconds if step.is_miss else None) if step else None
    return Rerun(
        name=f"layer {layer.part or layer.name}",
        line=0,
        platform=layer.platform,
        seconds=seconds,
        is_sure=is_sure,
    )
