"""Past builds as Prometheus' text format (exposition_formats.md, version 0.0.4); pure.

Builds are told apart by project, image and engine.  Gauges are those of the last build of each,
counters are those of all its builds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from lamina.history.metrics import size_by_component
from lamina.history.record import BuildOutcome, BuildRecord
from lamina.history.rows import BuildRow
from lamina.plan.component import Component

Labels = tuple[tuple[str, str], ...]
_Sample = tuple[Labels, float]

_LAST: Final[tuple[tuple[str, str, Callable[[BuildRow], float | None]], ...]] = (
    ("lamina_last_build_timestamp_seconds", "When the last build ended, since the epoch.",
     lambda row: row.started + row.seconds),
    ("lamina_last_build_success", "Whether the last build came to its end.",
     lambda row: float(row.outcome == BuildOutcome.DONE)),
    ("lamina_last_build_duration_seconds", "How long the last build took.",
     lambda row: row.seconds),
    ("lamina_last_build_time_hit_ratio", "Time-weighted cache hit rate of the last build.",
     lambda row: row.time_hit),
    ("lamina_last_build_step_hit_ratio", "Share of cacheable steps that were cached.",
     lambda row: row.step_hit),
    ("lamina_last_build_saved_seconds", "Net seconds that the cache saved the last build.",
     lambda row: None if row.time_hit is None else row.saved_seconds),
    ("lamina_last_build_reuse_ratio", "Share of bytes that the image before had.",
     lambda row: row.reuse),
    ("lamina_last_build_reuse_above_base_ratio", "The same without the base's layers.",
     lambda row: row.reuse_above_base),
    ("lamina_last_build_pull_bytes", "Bytes to pull for whoever has the image before.",
     lambda row: row.pull_bytes if row.layer_bytes else None),
    ("lamina_last_build_fetched_bytes", "Bytes of wheels that the last build downloaded.",
     lambda row: row.fetched_bytes),
    ("lamina_last_build_pushed_bytes", "Bytes that the last build sent to registries.",
     lambda row: row.pushed_bytes),
    ("lamina_last_build_context_bytes", "Bytes of the build context.",
     lambda row: row.context_bytes),
)  # fmt: skip


def exposition(
    rows: Sequence[BuildRow], record_of: Callable[[BuildRow], BuildRecord | None]
) -> str:
    """Write the builds; ``rows`` are newest first, ``record_of`` reads the record of one of them.

    Records are read of the last build of each image alone.
    """
    groups = _groups(rows)
    lines = [
        *_last_lines(groups),
        *_record_lines(groups, record_of),
        *_total_lines(groups),
    ]
    return "".join(f"{line}\n" for line in lines)


def _groups(rows: Iterable[BuildRow]) -> dict[Labels, list[BuildRow]]:
    groups: dict[Labels, list[BuildRow]] = {}
    for row in rows:
        image = row.repositories.partition("\n")[0]
        labels = (("project", row.project), ("image", image), ("engine", row.engine))
        groups.setdefault(labels, []).append(row)
    return dict(sorted(groups.items()))


def _last_lines(groups: Mapping[Labels, Sequence[BuildRow]]) -> Iterator[str]:
    for name, text, read in _LAST:
        samples = ((labels, read(rows[0])) for labels, rows in groups.items())
        yield from _family(name, "gauge", text, [(x, v) for x, v in samples if v is not None])


def _record_lines(
    groups: Mapping[Labels, Sequence[BuildRow]],
    record_of: Callable[[BuildRow], BuildRecord | None],
) -> Iterator[str]:
    phases: list[_Sample] = []
    steps: list[_Sample] = []
    images: list[_Sample] = []
    components: list[_Sample] = []
    for labels, rows in groups.items():
        record = record_of(rows[0])
        if record is None:
            continue
        sizes = Counter[str]()
        for image in record.images:
            sizes[image.platform] += image.size
        outcomes = Counter(str(step.outcome) for step in record.steps)
        phases += _with(labels, "phase", record.phases)
        steps += _with(labels, "outcome", outcomes)
        images += _with(labels, "platform", sizes)
        components += _with(labels, "component", _by_text(size_by_component(record)))
    yield from _family("lamina_last_build_phase_seconds", "gauge",
                       "How long each phase of the last build took.", phases)  # fmt: skip
    yield from _family("lamina_last_build_steps", "gauge",
                       "Steps of the last build, by how they ended.", steps)  # fmt: skip
    yield from _family("lamina_last_image_bytes", "gauge",
                       "Bytes of the last image's layers.", images)  # fmt: skip
    yield from _family("lamina_last_image_component_bytes", "gauge",
                       "Bytes of the last image's layers, by what they are for.",
                       components)  # fmt: skip


def _total_lines(groups: Mapping[Labels, Sequence[BuildRow]]) -> Iterator[str]:
    def totals(read: Callable[[BuildRow], float]) -> list[_Sample]:
        return [(labels, sum(map(read, rows))) for labels, rows in groups.items()]

    outcomes = [
        sample
        for labels, rows in groups.items()
        for sample in _with(labels, "outcome", Counter(row.outcome for row in rows))
    ]
    yield from _family("lamina_builds_total", "counter", "Builds, by how they ended.", outcomes)
    yield from _family("lamina_build_seconds_total", "counter",
                       "How long all builds took.", totals(lambda row: row.seconds))  # fmt: skip
    yield from _family("lamina_fetched_bytes_total", "counter",
                       "Bytes of wheels that builds downloaded.",
                       totals(lambda row: row.fetched_bytes))  # fmt: skip
    yield from _family("lamina_pushed_bytes_total", "counter",
                       "Bytes that builds sent to registries.",
                       totals(lambda row: row.pushed_bytes))  # fmt: skip


def _with(labels: Labels, name: str, values: Mapping[str, float]) -> list[_Sample]:
    return [((*labels, (name, text)), value) for text, value in sorted(values.items())]


def _by_text(values: Mapping[Component, int]) -> dict[str, float]:
    return {str(name): value for name, value in values.items()}


def _family(name: str, kind: str, text: str, samples: Sequence[_Sample]) -> Iterator[str]:
    if samples:
        yield f"# HELP {name} {text}"
        yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        pairs = ",".join(f'{key}="{_escaped(found)}"' for key, found in labels)
        yield f"{name}{{{pairs}}} {value!r}"


def _escaped(text: str) -> str:
    """Write a label's value; only these three characters have to be escaped."""
    whole = text.encode(errors="replace").decode()
    return whole.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
