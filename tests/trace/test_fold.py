"""A traced build as a record: every figure can be found in the log."""

import pytest

from lamina.history.document import record_from_text, record_to_text
from lamina.history.fold import Header
from lamina.history.metrics import step_hit_rate
from lamina.history.record import BuildOutcome, BuildRecord, StepKind, StepOutcome
from lamina.trace.fold import fold_solve
from tests.trace.logs_of import NAMES, lines_of, solve_of, solves, stamped


def record_of(name: str) -> BuildRecord:
    return fold_solve(Header(id="1", kind="trace"), solve_of(name), started=7.0)


def seconds(record: BuildRecord) -> dict[str, float]:
    return {phase: round(value, 3) for phase, value in record.phases.items()}


def test_a_cold_build_of_docker_20_is_what_its_log_says() -> None:
    """Two RUNs of 4.1 and 3.1 s side by side, nothing else that took a tenth of a second."""
    record = record_of("docker-20-cold.plain")

    kinds = [step.kind for step in record.steps if step.is_cacheable]
    assert (record.engine, record.outcome, record.names) == (
        "buildkit", BuildOutcome.DONE, ("t:1",),
    )  # fmt: skip
    assert (record.seconds, seconds(record)) == (4.1, {"execute": 4.1})
    assert kinds == [
        StepKind.WORKDIR, StepKind.COPY, StepKind.RUN, StepKind.RUN, StepKind.COPY, StepKind.COPY,
    ]  # fmt: skip
    assert step_hit_rate(record) == 0.0
    assert (record.context_bytes, record.started) == (49, 7.0)
    assert record.digest.startswith("sha256:8655a947")


@pytest.mark.parametrize(
    "name", ["docker-20-warm.plain", "buildkit-warm.plain", "buildkit-warm.rawjson"]
)
def test_a_fully_cached_build_hits_every_step(name: str) -> None:
    """Docker's own counter calls this 50 %, because it counts what cannot be cached."""
    assert step_hit_rate(record_of(name)) == 1.0


def test_what_a_cached_step_downloads_is_a_part_of_it() -> None:
    record = record_of("buildkit-imported.plain")

    copy = next(step for step in record.steps if step.text.startswith("COPY --from=other"))
    parts = [step for step in record.steps if step.parent == copy.id]
    assert copy.outcome is StepOutcome.CACHED
    assert copy.seconds == pytest.approx(0.2)
    assert [(p.kind, p.bytes) for p in parts] == [(StepKind.FETCH, 1_080_343), (StepKind.FETCH, 0)]
    assert [round(p.seconds, 6) for p in parts] == [0.1, 0.1]
    assert seconds(record) == {"context": 0.1, "fetch": 0.2}


def test_export_cache_export_and_push_are_measured_apart() -> None:
    """1.1 s export, of which 0.4 s push; 0.1 s cache export; 0.1 s push by docker."""
    record = record_of("docker-26-platforms-pushed.plain")

    found = seconds(record)
    assert (found["export"], found["push"], found["cache export"]) == (0.7, 0.5, 0.1)
    assert {p.destination for p in record.publications} == {"docker://127.0.0.1:38539/team/multi:1"}
    assert record.platforms == ("linux/arm64",)


def test_a_base_that_was_pulled_has_its_bytes() -> None:
    record = record_of("docker-26-pulled.plain")

    (pull,) = [step for step in record.steps if step.kind is StepKind.FETCH and step.bytes]
    assert pull.bytes == 149 + 148 + 3_000_000
    assert record.names == (), "the name that the store gives to what has none"


def test_times_of_rawjson_are_kept_as_they_are() -> None:
    solve, record = solve_of("buildkit-mixed.rawjson"), record_of("buildkit-mixed.rawjson")

    assert (record.started, record.seconds) == (solve.started, solve.seconds)
    for vertex, step in zip(solve.vertices, record.steps, strict=False):
        assert (step.started, step.seconds) == (vertex.intervals[0][0], vertex.seconds)
    assert sum(record.phases.values()) == pytest.approx(record.seconds, rel=0.01)


@pytest.mark.parametrize(
    "name", ["docker-20-failing.plain", "buildkit-failing.plain", "docker-26-failing.rawjson"]
)
def test_a_failing_build_keeps_the_failing_steps_output(name: str) -> None:
    record = record_of(name)

    (failed,) = [step for step in record.steps if step.outcome is StepOutcome.FAILED]
    assert record.outcome is BuildOutcome.FAILED
    assert "exit code: 3" in record.error
    assert "exit code: 3" in failed.error
    assert failed.log
    assert [step for step in record.steps if step.log] == [failed], "others' output is left out"


def test_a_log_that_breaks_off_is_an_interrupted_build() -> None:
    lines = lines_of("docker-20-cold.plain")
    (solve,) = solves(lines[: lines.index("#8 ...")])

    record = fold_solve(Header(id="1"), solve, started=0.0)

    assert record.outcome is BuildOutcome.INTERRUPTED
    assert record.steps[-1].outcome is StepOutcome.UNFINISHED


def test_a_build_that_was_cancelled_did_not_fail() -> None:
    text = "#1 [1/1] RUN sleep 20\n#1 CANCELED\nERROR: failed to solve: Canceled: context canceled"
    (solve,) = solves(text.split("\n"))

    record = fold_solve(Header(id="1"), solve, started=0.0)

    assert record.outcome is BuildOutcome.CANCELLED


def test_passwords_in_addresses_are_not_recorded() -> None:
    secret = "RUN pip install -i https://me:hunter2@example.org/simple x"
    text = f"#1 [1/1] {secret}\n#1 0.1 from https://me:hunter2@example.org\n#1 ERROR: {secret}"
    (solve,) = solves(text.split("\n"))

    record = fold_solve(Header(id="1"), solve, started=0.0)

    assert "hunter2" not in record_to_text(record)
    assert "https://example.org/simple" in record.steps[0].text


@pytest.mark.parametrize("name", NAMES)
def test_a_record_can_be_written_and_read_again(name: str) -> None:
    record = record_of(name)

    assert record_from_text(record_to_text(record)) == record
    ids = [step.id for step in record.steps]
    assert len(set(ids)) == len(ids)
    assert all(set(step.inputs) <= set(ids) and step.id not in step.inputs for step in record.steps)


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith("plain") and "cut" not in n])
def test_a_log_with_times_gives_the_same_steps(name: str) -> None:
    (solve,) = solves(stamped(lines_of(name)))

    timed = fold_solve(Header(id="1", kind="trace"), solve, started=7.0)

    assert [s.key for s in timed.steps] == [s.key for s in record_of(name).steps]
    assert timed.started == solve.started
    assert timed.seconds > 1


def test_no_secret_of_a_log_is_kept() -> None:
    """Neither in a step's name, nor in what a failing step said, nor in a warning."""
    token = "ghp_q7Rv2Xz9Lm4Ks8Tn1Wb6Yc3Fd5Gh0JpAeUoX"
    log = f"""\
#1 [1/2] RUN git clone --token {token} x
#1 0.1 using {token}
#1 0.2 DB_PASSWORD=Xy7Kq2Vb9
#1 ERROR: process "git --token {token}" did not complete successfully: exit code: 1
------
ERROR: failed to solve: process "git --token {token}" did not complete successfully: exit code: 1
"""
    (solve,) = solves(log.split("\n"))

    record = fold_solve(Header(id="b"), solve, started=0.0)

    assert record.steps[0].log
    assert token not in str(record)
    assert "Xy7Kq2Vb9" not in str(record)
    assert record.steps[0].text.startswith("RUN git clone --token hidden-")
