"""Builds of a small project, as records with fingerprints, made without an engine."""

from pathlib import Path

from lamina.explain.asked import read_command
from lamina.explain.collect import Around, collect
from lamina.explain.fingerprint import fingerprint_to_json
from lamina.explain.join import _KINDS
from lamina.explain.model import model
from lamina.history.record import BuildRecord, StepOutcome, StepRecord

DOCKERFILE = """\
FROM base
WORKDIR /app
ARG GIT_SHA
COPY . .
RUN pip install -r requirements.txt
RUN python -m compileall .
"""


def project(folder: Path, dockerfile: str = DOCKERFILE) -> Path:
    """Write the project."""
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "requirements.txt").write_text("numpy\n")
    (folder / "README.md").write_text("read\n")
    return folder


def build(
    folder: Path, *words: str, id_: str = "b1", started: float = 1.0, ran: str = "", **kept: object
) -> BuildRecord:
    """Record a build in which the steps ran that ``ran`` names the starts of, one a line."""
    around = Around(folder=folder, environment={}, memory=None, clock=lambda: 0.0)
    found = collect(read_command([*words, "."]), around)
    assert found is not None
    steps = [step for step in model(found).steps if step.keyword in _KINDS]
    starts = tuple(filter(None, ran.split("\n")))
    records = tuple(
        StepRecord(
            id=str(number),
            name=f"[{step.stage or f'stage-{step.number}'} {step.index}/9] {step.text}",
            kind=_KINDS[step.keyword],
            text=step.text,
            stage=step.stage or f"stage-{step.number}",
            outcome=(
                StepOutcome.DONE if starts and step.text.startswith(starts) else StepOutcome.CACHED
            ),
            seconds=(60.0 if "pip install" in step.text else 1.0)
            if starts and step.text.startswith(starts)
            else 0.0,
        )
        for number, step in enumerate(steps)
    )
    return BuildRecord(
        id=id_,
        started=started,
        kind="trace",
        engine="buildkit",
        steps=records,
        fingerprint=kept.get("fingerprint", fingerprint_to_json(found)),
    )
