"""Layers of our own engine: which were made again, and what of their inputs moved; pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lamina.explain.explanation import Cause, Confidence, Explanation, Miss
from lamina.history.costs import efforts
from lamina.history.record import BuildRecord, LayerRecord
from lamina.plan.component import Component

KIND: Final = "native"
_FORMAT: Final = 1
_FILE_COLUMNS: Final = 3
_OTHER_CONTENT: Final = "has other content"

Tables = Mapping[str, Mapping[str, str]]
"""For each part of an image what it is made of."""


def is_native(record: BuildRecord) -> bool:
    """Say whether a build has the fingerprint of our engine."""
    found = record.fingerprint
    return isinstance(found, dict) and found.get("kind") == KIND and found.get("format") == _FORMAT


def explain_layers(record: BuildRecord, previous: BuildRecord | None) -> Explanation:
    """Say why each layer was made and not found.

    Its seconds are those of the layer itself, and of what was downloaded or built for it.
    """
    took = efforts(record)
    made = [layer for layer in record.layers if not layer.cached]
    misses = tuple(_miss(layer, record, previous, took.get(layer.step, 0.0)) for layer in made)
    notes = [] if previous else ["there is no earlier build to compare it with"]
    return Explanation(
        build=record.id,
        previous=previous.id if previous else "",
        hits=len(record.layers) - len(made),
        steps=len(record.layers),
        seconds=sum(miss.seconds for miss in misses),
        misses=misses,
        notes=tuple(notes),
    )


def _miss(
    layer: LayerRecord,
    record: BuildRecord,
    previous: BuildRecord | None,
    seconds: float,
) -> Miss:
    causes = _causes(layer, record, previous) if previous else ()
    return Miss(
        name=f"layer {layer.part or layer.name}",
        step=layer.step,
        platform=layer.platform,
        seconds=seconds,
        bytes=layer.size,
        below=seconds,
        causes=causes,
    )


def _causes(layer: LayerRecord, record: BuildRecord, previous: BuildRecord) -> tuple[Cause, ...]:
    part = _part(layer)
    old, new = _inputs(previous, layer.platform), _inputs(record, layer.platform)
    if not old:
        text = "the build before was not for this platform, or its plan is not known"
        return (Cause(kind="target", name=layer.platform, text=text),)
    before, after = _table(old, part), _table(new, part)
    settings = list(_differences("setting", _settings(old), _settings(new)))
    if part not in _parts(old):
        came = (_came_from(name, old) for name in after)
        text = "the layer is new: " + (", ".join(sorted({c for c in came if c})) or part)
        return (Cause(kind="new", name=part, text=text), *settings)
    causes = _differences(_KINDS.get(layer.component, "dependency"), before, after)
    found = (*_named_apart(causes), *settings)
    return found or (_unknown(layer, previous),)


def _named_apart(causes: Iterable[Cause]) -> list[Cause]:
    """Leave out that a wheel is another one where the files are named that made it so."""
    found = list(causes)
    named = [cause for cause in found if not cause.text.endswith(_OTHER_CONTENT)]
    return named or found


_KINDS: Final = {
    Component.BASE: "base",
    Component.SYSTEM: "package",
    Component.ENVIRONMENT: "setting",
    Component.APPLICATION: "file",
}


def _unknown(layer: LayerRecord, previous: BuildRecord) -> Cause:
    if layer.digest in {other.digest for other in previous.layers}:
        text = "nothing that it is made of changed: the store did not have it any more"
    else:
        text = "nothing that its plan names changed: another version of Lamina, or --no-cache"
    return Cause(kind="cache", name=layer.part, text=text, confidence=Confidence.LIKELY)


def _part(layer: LayerRecord) -> str:
    if layer.component in {Component.BASE, Component.SYSTEM}:
        return str(layer.component)
    return layer.part


def _differences(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Cause]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Cause(kind=kind, name=name, text=f"{name} {_transition(kind, old, new)}")


def _transition(kind: str, old: str | None, new: str | None) -> str:
    if old is None:
        return "is new" if kind == "file" else f"{_version(new)} is new"
    if new is None:
        return "is gone" if kind == "file" else f"{_version(old)} is gone"
    if kind == "file":
        return _file(old.split(), new.split())
    if _version(old) == _version(new):
        return f"{_version(new)} has another digest"
    return f"{_version(old)} → {_version(new)}"


def _file(old: list[str], new: list[str]) -> str:
    """Compare mode, size and digest; for a wheel of the project's own, version and digest."""
    if len(old) != len(new) or len(new) < _FILE_COLUMNS:
        is_other = old[:1] != new[:1] and len(old) == len(new)
        return f"{old[0]} → {new[0]}" if is_other else _OTHER_CONTENT
    parts = [f"mode {old[0]} → {new[0]}"] if old[0] != new[0] else []
    parts += [f"content changed ({old[1]} → {new[1]} bytes)"] if old[2] != new[2] else []
    return ", ".join(parts)


def _version(row: str | None) -> str:
    return (row or "").partition(" ")[0]


def _came_from(name: str, old: Mapping[str, Any]) -> str:
    part = next((part for part, rows in _parts(old).items() if name in rows), "")
    return f"{name} was in layer {part}" if part else f"{name} is new"


def _inputs(record: BuildRecord, platform: str) -> Mapping[str, Any]:
    if not is_native(record):
        return {}
    found = record.fingerprint.get("platforms")
    rows = found.get(platform) if isinstance(found, dict) else None
    return rows if isinstance(rows, dict) else {}


def _parts(inputs: Mapping[str, Any]) -> Tables:
    found = inputs.get("parts")
    return found if isinstance(found, dict) else {}


def _table(inputs: Mapping[str, Any], part: str) -> Mapping[str, str]:
    found = _parts(inputs).get(part)
    return found if isinstance(found, dict) else {}


def _settings(inputs: Mapping[str, Any]) -> Mapping[str, str]:
    found = inputs.get("settings")
    return found if isinstance(found, dict) else {}
