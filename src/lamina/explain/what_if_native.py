"""What if, for our own engine: the layers that an edit of a file makes again; pure."""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from lamina.explain.context import clean
from lamina.explain.native import is_native
from lamina.explain.what_if import Forecast, Rerun
from lamina.history.costs import efforts
from lamina.history.record import BuildRecord, LayerRecord, StepKey
from lamina.plan.component import Component

LOCKS: Final = ("requirements", "pylock", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
"""How the names of locks begin."""

_METADATA: Final = ("pyproject.toml", "setup.", "README", "LICENSE", "LICENCE", "MANIFEST.in")
"""How the names of files begin that a wheel's metadata is made of."""

_FILE_COLUMNS: Final = 3


def layer_forecast(
    record: BuildRecord,
    path: str,
    costs: Mapping[StepKey, float],
    *,
    rate: float | None = None,
) -> Forecast:
    """Say which layers of the last build an edit of a project's file makes again, or of a folder's.

    A lock moves the layers of those distributions whose pins change, which nobody knows yet,
    besides the one that packs the lock itself.  A new file goes where those beside it are.
    """
    path = clean(path)
    own = [layer for layer in record.layers if layer.component is Component.APPLICATION]
    holding = [layer for layer in own if _holds(record, layer, path)]
    reruns = [_rerun(record, layer, costs, is_sure=True) for layer in holding]
    likely = [] if holding else [layer for layer in own if _may_hold(record, layer, path)]
    if posixpath.basename(path).startswith(LOCKS):
        likely = [x for x in record.layers if x.component is Component.DEPENDENCIES]
    reruns += [_rerun(record, layer, costs, is_sure=False) for layer in likely]
    return Forecast(
        change=f"edit {path or '.'}",
        steps=len(record.layers),
        reruns=tuple(reruns),
        rate=rate,
        note="" if reruns else _note(record, own),
    )


def _note(record: BuildRecord, own: Iterable[LayerRecord]) -> str:
    note = "no layer of the last build holds it"
    has_wheel = any(_has_wheel(record, layer) for layer in own)
    return f"{note} (the project's wheel is built again to tell)" if has_wheel else note


def layer_forecasts(
    record: BuildRecord,
    costs: Mapping[StepKey, float],
    others: Iterable[str],
    rate: Callable[[str], float | None],
) -> list[Forecast]:
    """Forecast each file that a layer holds, and ``others``; the dearest by commit first."""
    paths = dict.fromkeys((*project_paths(record), *others))
    found = [layer_forecast(record, path, costs, rate=rate(path)) for path in paths]
    return sorted(found, key=lambda f: (-f.expected, -(f.seconds or 0.0), f.change))


def commit_forecast(
    record: BuildRecord, costs: Mapping[StepKey, float], *, is_version_of_commit: bool
) -> Forecast:
    """Say what a commit makes again that changes no file."""
    own = [x for x in record.layers if _has_wheel(record, x)] if is_version_of_commit else []
    return Forecast(
        change="a new commit",
        steps=len(record.layers),
        reruns=tuple(_rerun(record, layer, costs, is_sure=False) for layer in own),
        rate=1.0,
        note="" if own else "no layer tells the commit",
    )


def project_paths(record: BuildRecord) -> tuple[str, ...]:
    """Return the files that the image has of the project, from the project's folder on."""
    own = (layer for layer in record.layers if layer.component is Component.APPLICATION)
    found = (path for layer in own for path in _files(record, layer))
    return tuple(sorted({path for path in found if not _is_generated(path)}))


def _files(record: BuildRecord, layer: LayerRecord) -> frozenset[str]:
    """Return the files of a layer as the project calls them, not the image."""
    inputs = _inputs(record, layer)
    environment = (inputs.get("parts") or {}).get("environment") or {}
    root = str(environment.get("working directory", "")).strip("/")
    rows = _rows(record, layer)
    files = (path for path, row in rows.items() if len(row.split()) >= _FILE_COLUMNS)
    return frozenset(path.removeprefix(f"{root}/") if root else path for path in files)


def _holds(record: BuildRecord, layer: LayerRecord, path: str) -> bool:
    below = f"{path}/" if path else ""
    return any(held == path or held.startswith(below) for held in _files(record, layer))


def _may_hold(record: BuildRecord, layer: LayerRecord, path: str) -> bool:
    """Say whether a file would be in a layer that does not hold it yet, as far as one can tell."""
    files = _files(record, layer)
    is_metadata = "/" not in path and path.startswith(_METADATA)
    if is_metadata and _has_wheel(record, layer):
        return True
    beside = {posixpath.dirname(held) for held in files if not _is_generated(held)}
    return posixpath.dirname(path) in beside - {""}


def _has_wheel(record: BuildRecord, layer: LayerRecord) -> bool:
    """Say whether a layer is the project's own wheel, whose row has a version and a digest."""
    rows = _rows(record, layer)
    is_own = layer.component is Component.APPLICATION
    return is_own and any(row != "folder" and len(row.split()) < _FILE_COLUMNS
                          for row in rows.values())  # fmt: skip


def _is_generated(path: str) -> bool:
    return ".dist-info/" in path or ".data/" in path


def _inputs(record: BuildRecord, layer: LayerRecord) -> Mapping[str, Any]:
    if not is_native(record):
        return {}
    found = record.fingerprint["platforms"].get(layer.platform)
    return found if isinstance(found, dict) else {}


def _rows(record: BuildRecord, layer: LayerRecord) -> Mapping[str, str]:
    rows = (_inputs(record, layer).get("parts") or {}).get(layer.part)
    return rows if isinstance(rows, dict) else {}


def _rerun(
    record: BuildRecord, layer: LayerRecord, costs: Mapping[StepKey, float], *, is_sure: bool
) -> Rerun:
    step = next((step for step in record.steps if step.id == layer.step), None)
    took = efforts(record).get(step.id) if step and step.is_miss else None
    return Rerun(
        name=f"layer {layer.part or layer.name}",
        line=0,
        platform=layer.platform,
        seconds=costs.get(step.key, took) if step else None,
        is_sure=is_sure,
    )
