"""``lamina trace``: run any Docker or BuildKit build, unchanged, and record what it says."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from lamina.cli.clock import now
from lamina.cli.environment import child_environment, environment
from lamina.cli.fingerprints import after_build, before_build
from lamina.cli.streams import forget_output
from lamina.cli.telemetry import telemetry
from lamina.errors import UsageError
from lamina.history.circumstances import circumstances
from lamina.history.fold import Header
from lamina.history.location import history_location, location_problem, spool_location
from lamina.history.record import BuildOutcome, BuildRecord
from lamina.observers.printable import printable
from lamina.oci.reference import familiar
from lamina.trace.command import Invocation, client_of, decide, understand
from lamina.trace.detect import Found
from lamina.trace.fold import fold_solve
from lamina.trace.image import questions, with_image
from lamina.trace.keep import keep
from lamina.trace.probe import ask
from lamina.trace.run import Ended, run_recorded

_PATIENCE_S = 2.0
"""How long an engine may take to describe its image, after the build has ended."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.usage = "%(prog)s [-h] [--project NAME] -- COMMAND [ARGUMENT ...]"
    parser.add_argument(
        "--project", metavar="NAME", default="",
        help="whose builds these are (default: told apart by the image's name, or by the folder)",
    )  # fmt: skip
    parser.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="COMMAND",
        help="docker build, docker buildx build or bake, buildctl build, docker compose build, "
        "or whatever starts one of them",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Run the command; end with its own exit code, whatever became of the recording."""
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise UsageError("there is no command to run", hint="lamina trace -- docker build .")
    variables = child_environment()
    invocation = understand(words, variables)
    answers = ask(invocation.asks, variables)
    recording = decide(invocation, answers, is_terminal=sys.stderr.isatty())
    fingerprint = before_build(invocation, variables)
    began = now()
    ended = run_recorded(recording, variables, clock=now)
    try:
        records = _records(ended, _header(invocation, options.project), began)
        if len(records) == 1:  # of several builds nobody knows which of them was asked for
            imaged = _imaged(records[0], ended, client_of(words), variables)
            records = [after_build(imaged, fingerprint, invocation, variables)]
        notes = _remember(records) if records else ("no build was seen, none is recorded",)
    except Exception as error:  # noqa: BLE001 - our bug must not cost the user the exit code
        notes = (f"the build could not be recorded: {type(error).__name__}: {error}",)
    _say(notes)
    return ended.code


def _say(notes: Sequence[str]) -> None:
    try:
        for note in notes:
            print(f"lamina: {printable(note)}", file=sys.stderr)
    except OSError:  # `2>&1 | head`: the reader has gone, and the exit code matters still
        forget_output()


def _header(invocation: Invocation, project: str) -> Header:
    return Header(
        id="",
        kind="trace",
        tool=Path(invocation.words[0]).name,
        project=project,
        names=tuple(dict.fromkeys(map(familiar, filter(None, invocation.tags)))),
        host=os.uname().nodename,
        **circumstances(environment(), Path()),
    )


def _records(ended: Ended, header: Header, began: float) -> list[BuildRecord]:
    records = []
    for number, found in enumerate(ended.builds):
        own = replace(
            header,
            id=sha256(f"{found.digest} {began} {number}".encode()).hexdigest()[:32],
            project=header.project or ("" if header.names else _project(found)),
        )
        records.append(_ended(fold_solve(own, found.solve, started=began), ended))
    return records


def _project(found: Found) -> str:
    """Name the builds that have no image's name after the folder that they were started in."""
    return "" if found.solve.exported.names else Path().absolute().name


def _ended(record: BuildRecord, ended: Ended) -> BuildRecord:
    """Let the exit code count where the log does not say that the build came to nothing."""
    if ended.code and ended.is_interrupted:
        return replace(record, outcome=BuildOutcome.CANCELLED)
    if ended.code and record.outcome is BuildOutcome.DONE and len(ended.builds) == 1:
        error = record.error or f"the command ended with {ended.code}"
        return replace(record, outcome=BuildOutcome.FAILED, error=error)
    return record


def _imaged(
    record: BuildRecord, ended: Ended, client: Sequence[str], variables: Mapping[str, str]
) -> BuildRecord:
    """Ask the engine what image it has now; whoever is tired of waiting may interrupt that."""
    if ended.code or record.outcome is not BuildOutcome.DONE:
        return record
    solve = ended.builds[0].solve
    try:
        answers = ask(questions(client, solve), variables, patience_s=_PATIENCE_S)
        return with_image(record, solve, answers)
    except (KeyboardInterrupt, Exception):  # noqa: BLE001 - our bug must not cost the record
        return record


def _remember(records: Sequence[BuildRecord]) -> Sequence[str]:
    location = history_location(environment())
    waiting = spool_location(environment())
    if not location or waiting is None:
        problem = location_problem(environment())
        shown = [f"this build is not recorded: {problem}"] if problem else []
        return [*shown, *_exported("", records)]
    kept = keep(location, waiting, records, now=now()) or [_summary(record) for record in records]
    return [*kept, *_exported(location, records)]


def _exported(location: str, records: Sequence[BuildRecord]) -> Sequence[str]:
    exporter = telemetry(environment())
    if exporter is None:
        return ()
    from lamina.history.figures import figures  # noqa: PLC0415 - seldom needed

    return exporter.send([(record, figures(location, record)) for record in records])


def _summary(record: BuildRecord) -> str:
    steps = [step for step in record.steps if step.is_cacheable]
    cached = sum(step.is_hit for step in steps)
    text = f"recorded {record.seconds:.1f} s, {cached} of {len(steps)} steps cached"
    return text if record.outcome is BuildOutcome.DONE else f"{text}, {record.outcome}"
