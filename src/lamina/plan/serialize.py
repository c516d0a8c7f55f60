"""A plan as JSON, and its key: what `lamina plan --format json` prints and what caches go by."""

import dataclasses
from typing import Any

from lamina.oci.canonical_json import canonical_json
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.plan.plan import BuildPlan, FileLayer, PlannedFile, WheelLayer

_NOT_IN_KEY = {"url", "source"}
"""Where a file happens to be does not change what it is."""
_ONLY_WHEN_SET = {"diet", "loaded", "left_out", "musl"}
"""What is off leaves no trace, so that keys are those of before there was such a thing."""


def plan_to_json(plan: BuildPlan) -> dict[str, Any]:
    """Write a plan as JSON values, without addresses or paths of this machine."""
    members: dict[str, Any] = _value(plan)
    return members


def plan_key(plan: BuildPlan) -> Digest:
    """Identify a plan: equal keys mean equal images, from the same version of the rules."""
    return Digest.of(canonical_json(plan_to_json(plan)))


def _value(value: object) -> Any:  # noqa: ANN401 - JSON; one case for each shape
    match value:
        case Digest() | Platform():
            return str(value)
        case RuntimeConfig():
            return value.to_json()
        case tuple() | list():
            return [_value(item) for item in value]
        case WheelLayer() | FileLayer() | PlannedFile() | BuildPlan():
            return {"type": type(value).__name__, **_members(value)}
        case _ if dataclasses.is_dataclass(value):
            return _members(value)
        case _:
            return value


def _members(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    return {
        field.name: _value(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if field.name not in _NOT_IN_KEY
        and (getattr(value, field.name) or field.name not in _ONLY_WHEN_SET)
    }
