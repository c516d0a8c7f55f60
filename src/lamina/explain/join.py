"""Join: the steps of a model with those that a builder reported, by stage and number."""

import re
from collections.abc import Mapping
from typing import Final

from lamina.explain.steps import Model, ModelStep
from lamina.history.record import BuildRecord, StepKind, StepRecord

_NUMBER: Final = re.compile(r"\[(?:[^\]]* )? *(\d{1,6})/\d{1,6}\] ")
_KINDS: Final = {
    "RUN": StepKind.RUN,
    "COPY": StepKind.COPY,
    "ADD": StepKind.ADD,
    "WORKDIR": StepKind.WORKDIR,
}


def join(found: Model, record: BuildRecord) -> dict[int, StepRecord]:
    """Return what was reported of each step, by the model's ids; of some there is nothing."""
    reported: dict[tuple[StepKind, int, str], list[StepRecord]] = {}
    for step in record.steps:
        match = _NUMBER.match(step.name)
        if match and step.kind in _KINDS.values():
            reported.setdefault((step.kind, int(match[1]), step.stage), []).append(step)
    pairs = ((step.id, _find(step, reported)) for step in found.steps if step.keyword in _KINDS)
    return {id_: step for id_, step in pairs if step is not None}


def _find(
    step: ModelStep, reported: Mapping[tuple[StepKind, int, str], list[StepRecord]]
) -> StepRecord | None:
    kind = _KINDS[step.keyword]
    names = [step.stage or f"stage-{step.number}", *([] if step.number else [""])]
    for stage in names:
        for other in reported.get((kind, step.index, stage), ()):
            if _is_same_platform(step.platform, other.platform):
                return other
    return None


def _is_same_platform(asked: str, reported: str) -> bool:
    """Builders name no platform where there is one only, and two where one builds for another."""
    return not reported or not asked or asked in {reported, *reported.split("->")}
