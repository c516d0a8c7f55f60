"""A record as a row: the columns that people ask for, and the whole record beside them."""

import json
import math
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, Final

from lamina.history.costs import Runs, Samples, usual
from lamina.history.document import record_from_text, record_to_text
from lamina.history.metrics import (
    fetched_bytes,
    layer_reuse,
    ledger,
    pushed_bytes,
    step_hit_rate,
    time_hit_rate,
)
from lamina.history.record import BuildRecord, StepKey, repository

_LEVEL: Final = 6
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRow:
    """What is known of a build without reading its record.

    ``names`` are the image's, one a line.  The rates are those of ``metrics.py``, against the
    builds that were known when this one was added; None where there was nothing to compare.
    """

    id: str
    started: float
    seconds: float
    outcome: str
    kind: str
    engine: str
    scope: str
    project: str
    names: str
    repositories: str
    platforms: str
    branch: str
    revision: str
    ci: str
    host: str
    digest: str
    image_bytes: int
    layer_bytes: int
    pull_bytes: int
    fetched_bytes: int
    pushed_bytes: int
    context_bytes: int
    step_hit: float | None
    time_hit: float | None
    reuse: float | None
    reuse_above_base: float | None
    saved_seconds: float


COLUMNS: Final = tuple(field.name for field in fields(BuildRow))


def row_of(record: BuildRecord, samples: Samples, previous: BuildRecord | None) -> BuildRow:
    """Compute the row of a record from what is known of the builds before it."""
    keys = {step.key for step in record.steps}
    costs = usual({key: samples[key] for key in keys if key in samples})
    reuse = layer_reuse(record, previous)
    has_previous = previous is not None
    return BuildRow(
        id=record.id,
        started=record.started,
        seconds=record.seconds,
        outcome=record.outcome,
        kind=storable(record.kind),
        engine=storable(record.engine),
        scope=storable(record.scope),
        project=storable(record.project),
        names=_lines(record.names),
        repositories=_lines(dict.fromkeys(map(repository, record.names))),
        platforms=platforms_of(record),
        branch=storable(record.branch),
        revision=storable(record.revision),
        ci=storable(record.ci),
        host=storable(record.host),
        digest=storable(record.digest),
        image_bytes=_size(record.image_size),
        layer_bytes=_size(reuse.total),
        pull_bytes=_size(reuse.delta),
        fetched_bytes=_size(fetched_bytes(record)),
        pushed_bytes=_size(pushed_bytes(record)),
        context_bytes=_size(record.context_bytes),
        step_hit=step_hit_rate(record),
        time_hit=time_hit_rate(record, costs),
        reuse=reuse.rate if has_previous else None,
        reuse_above_base=reuse.rate_above_base if has_previous else None,
        saved_seconds=ledger(record, costs).net,
    )


def packed(record: BuildRecord) -> bytes:
    """Compress a record for its row."""
    return zlib.compress(record_to_text(record).encode(), _LEVEL)


def unpacked(data: bytes) -> BuildRecord:
    """Read a record of a row; raise ``InputError`` when it cannot be."""
    try:
        return record_from_text(zlib.decompress(data))
    except zlib.error:
        return record_from_text("")


def platforms_of(record: BuildRecord) -> str:
    """Return the platforms of a build as its row has them: in one order, one a line."""
    return _lines(sorted(record.platforms))


def step_to_text(key: StepKey) -> str:
    """Write what a step is called as JSON."""
    return storable(json.dumps(key))


def runs_to_text(runs: Runs) -> str:
    """Write the last runs of a step as JSON."""
    return json.dumps(runs)


def samples_from_text(table: Mapping[str, str]) -> dict[StepKey, Runs]:
    """Read a table from steps to their last runs; what is damaged is passed over, learnt anew."""
    found = {}
    for key, runs in table.items():
        with suppress(ValueError, TypeError, OverflowError, RecursionError):
            found[_step_key(json.loads(key))] = tuple(_run(run) for run in json.loads(runs))
    return found


def _step_key(value: Any) -> StepKey:  # noqa: ANN401 - whatever the database holds
    platform, stage, text, ordinal = value
    if not all(isinstance(part, str) for part in (platform, stage, text)):
        raise TypeError
    return platform, stage, text, int(ordinal)


def _run(value: Any) -> tuple[float, float]:  # noqa: ANN401 - as above
    when, seconds = (float(number) for number in value)
    if not (math.isfinite(when) and math.isfinite(seconds)):
        raise ValueError
    return when, seconds


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(storable(text).replace("\n", " ") for text in texts)


def storable(text: str) -> str:
    """Return a text without what databases refuse: NUL, and halves of characters."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _size(size: int) -> int:
    return min(size, _LARGEST)
