"""A build in OpenTelemetry's words: the semantic conventions' where there are some, else ours."""

from typing import Final

from lamina.history.record import BuildOutcome, BuildRecord, StepOutcome, repository
from lamina.history.rows import BuildRow
from lamina.observers.otlp.values import Plain

_REGISTRY: Final = "docker://"
RESULTS: Final = {
    BuildOutcome.DONE: "success",
    BuildOutcome.FAILED: "failure",
    BuildOutcome.CANCELLED: "cancellation",
    BuildOutcome.INTERRUPTED: "error",
    BuildOutcome.UNKNOWN: "",
    StepOutcome.DONE: "success",
    StepOutcome.CACHED: "success",
    StepOutcome.FAILED: "failure",
    StepOutcome.CANCELLED: "cancellation",
    StepOutcome.UNFINISHED: "error",
    StepOutcome.UNKNOWN: "",
}
"""``cicd.pipeline.task.run.result`` for each outcome; what nobody knows is left out."""


def name_of(record: BuildRecord) -> str:
    """Name what was built: the project, else the image."""
    return record.project or _image(record)


def identity(record: BuildRecord) -> dict[str, Plain]:
    """Say which builds this one is compared with; few values, for they make time series."""
    return {
        "lamina.build.project": record.project,
        "lamina.build.kind": record.kind,
        "lamina.build.engine": record.engine,
        "container.image.name": _image(record),
    }


def build_attributes(record: BuildRecord, row: BuildRow) -> dict[str, Plain]:
    """Describe the span of a build: what was asked for, what came of it, and its figures."""
    result = RESULTS[record.outcome]
    return {
        **identity(record),
        "cicd.pipeline.task.name": f"build {name_of(record)}".strip(),
        "cicd.pipeline.task.type": "build",
        "cicd.pipeline.task.run.id": record.id,
        "cicd.pipeline.task.run.result": result,
        "error.type": "_OTHER" if result in {"failure", "error"} else None,
        "vcs.ref.head.name": record.branch,
        "vcs.ref.head.revision": record.revision,
        "vcs.ref.head.type": "branch" if record.branch else None,
        "container.image.tags": tuple(dict.fromkeys(map(_tag, record.names))),
        "container.image.repo_digests": _repository_digests(record),
        "oci.manifest.digest": record.digest,
        "lamina.build.tool": record.tool,
        "lamina.build.ci": record.ci,
        "lamina.build.platforms": record.platforms,
        "lamina.build.image_bytes": row.image_bytes,
        "lamina.build.pull_bytes": row.pull_bytes,
        "lamina.build.fetched_bytes": row.fetched_bytes,
        "lamina.build.pushed_bytes": row.pushed_bytes,
        "lamina.build.time_hit_ratio": row.time_hit,
        "lamina.build.step_hit_ratio": row.step_hit,
        "lamina.build.reuse_ratio": row.reuse,
        "lamina.build.saved_seconds": None if row.time_hit is None else row.saved_seconds,
    }


def _image(record: BuildRecord) -> str:
    return repository(record.names[0]) if record.names else ""


def _tag(name: str) -> str:
    return name.removeprefix(repository(name)).removeprefix(":").partition("@")[0] or "latest"


def _repository_digests(record: BuildRecord) -> tuple[str, ...]:
    """Write what registries hold as ``repository@digest``."""
    return tuple(
        f"{repository(held.destination.removeprefix(_REGISTRY))}@{held.digest}"
        for held in record.publications
        if held.destination.startswith(_REGISTRY)
    )
