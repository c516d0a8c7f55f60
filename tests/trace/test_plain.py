"""Plain progress: what a reader sees in a log is what the values hold."""

import pytest

from lamina.trace.solve import Outcome, TransferKind
from tests.trace.logs_of import START, lines_of, solve_of, solves, stamped, vertex

OLD = "docker-20-cold.plain"
NEW = "buildkit-cold.plain"


def test_a_reopened_block_is_one_vertex() -> None:
    """20.10 prints the header again, and the digest below it."""
    solve = solve_of(OLD)

    run = vertex(solve, "RUN for i in 1 2 3 4")
    assert len(solve.vertices) == 12
    assert (run.key.stage, run.outcome, run.seconds, run.log_lines) == (
        "builder", Outcome.DONE, 4.1, 5,
    )  # fmt: skip
    assert run.log == ("stepx 1", "stepx 2", "stepx 3", "stepx 4", "err")
    assert run.digest.startswith("sha256:f946107e")


def test_a_finished_block_that_is_printed_twice_counts_once() -> None:
    lines = lines_of(OLD)
    block = lines[10:14]
    doubled = [*lines[:14], *block, *lines[14:]]

    assert block[0].startswith("#3 [internal] load metadata")
    assert solves(doubled) == [solve_of(OLD)]


@pytest.mark.parametrize("name", ["docker-20-warm.plain", "buildkit-warm.plain"])
def test_a_cached_step_took_no_time(name: str) -> None:
    steps = [v for v in solve_of(name).vertices if v.parsed.is_cacheable]

    assert len(steps) == 6
    assert {(v.outcome, v.seconds) for v in steps} == {(Outcome.CACHED, 0.0)}


def test_a_cached_step_may_have_downloaded() -> None:
    """CACHED is not free: its layers came over the network first."""
    copy = vertex(solve_of("buildkit-imported.plain"), "COPY --from=other")

    pulls = [t.current for t in copy.transfers if t.kind is TransferKind.PULL]
    extracted = [t.seconds for t in copy.transfers if t.kind is TransferKind.EXTRACT]
    assert copy.is_cached
    assert pulls == [1_080_000, 147, 196]
    assert extracted == [0.1, None, None]


@pytest.mark.parametrize(
    ("name", "said", "error"),
    [
        ("docker-20-failing.plain", "executor failed running", "executor failed running"),
        ("buildkit-failing.plain", "process ", "failed to solve: process "),
    ],
)
def test_a_failing_step_keeps_its_output_and_its_error(name: str, said: str, error: str) -> None:
    solve = solve_of(name)

    (failed,) = solve.failed
    assert solve.is_failed
    assert failed.log == ("a", "bad")
    assert failed.error.startswith(said)
    assert failed.error.endswith("exit code: 3")
    assert solve.error.startswith(error)


def test_warnings_name_their_line_and_are_counted_once() -> None:
    """A block that is printed again repeats them."""
    lines = lines_of(NEW)
    warning = next(line for line in lines if "WARN: FromAs" in line)

    (solve,) = solves([*lines[:8], warning, *lines[8:]])

    assert [(w.text.partition(":")[0], w.line) for w in solve.warnings] == [
        ("FromAsCasing", 5), ("SecretsUsedInArgOrEnv", 8), ("JSONArgsRecommended", 11),
    ]  # fmt: skip


def test_lines_of_the_clients_own_log_are_passed_over() -> None:
    """Lines like `time=… level=error` stand between those of the build."""
    export = vertex(solve_of(NEW), "exporting cache to client directory")

    written = [t for t in export.transfers if t.id.startswith("writing layer")]
    assert export.seconds == 0.2
    assert len(written) == 6
    assert {t.kind for t in written} == {TransferKind.CACHE_EXPORT}


def test_the_export_says_what_was_made() -> None:
    old, new = solve_of(OLD).exported, solve_of(NEW).exported
    pushed = solve_of("docker-26-platforms-pushed.plain").exported

    assert (old.exporter, old.names, old.manifest) == ("image", ("t:1",), "")
    assert old.config.startswith("sha256:8655a947")
    assert (new.exporter, new.names) == ("oci image format", ())
    assert new.manifest.startswith("sha256:e4702387")
    assert pushed.names == ("127.0.0.1:38539/team/multi:1",)
    assert pushed.manifest.startswith("sha256:83e3b225"), "the index, not one of its manifests"


def test_steps_of_a_platform_and_of_a_target_are_told_apart() -> None:
    platforms = solve_of("docker-26-platforms-pushed.plain")
    bake = solve_of("docker-26-bake.plain")

    assert {v.key.platform for v in platforms.vertices if v.parsed.index} == {"linux/arm64"}
    assert vertex(bake, "WORKDIR").key.stage == "web builder"
    assert vertex(bake, "ADD requirements.txt").key.stage == "api"
    assert bake.exported.names == ("web:1", "api:1")


def test_equal_steps_are_counted() -> None:
    text = "#1 [2/3] RUN x\n#1 DONE 1.0s\n\n#2 [3/3] RUN x\n#2 DONE 2.0s\n"

    (solve,) = solves(text.split("\n"))

    assert [(v.key.ordinal, v.seconds) for v in solve.vertices] == [(0, 1.0), (1, 2.0)]


def test_without_a_clock_there_are_seconds_and_no_intervals() -> None:
    solve = solve_of(OLD)

    assert (solve.started, solve.seconds) == (None, None)
    assert {v.intervals for v in solve.vertices} == {()}


def test_the_times_of_a_ci_system_place_each_step() -> None:
    """Half a second a line: a step ends when its DONE is printed, and began its seconds before."""
    lines = ["#1 [1/2] FROM x", "#1 DONE 0.0s", "", "#2 [2/2] RUN y", "#2 0.3 a", "#2 DONE 1.0s"]

    (solve,) = solves(stamped(lines))

    assert solve.started == START
    assert solve.seconds == 2.5
    assert [v.intervals for v in solve.vertices] == [((0.5, 0.5),), ((1.5, 2.5),)]


def test_a_log_that_breaks_off_leaves_the_step_unfinished() -> None:
    text = "#1 [1/2] FROM x\n#1 DONE 0.0s\n\n#2 [2/2] RUN y\n#2 0.3 a\n#2 ..."

    (solve,) = solves(text.split("\n"))

    assert [v.outcome for v in solve.vertices] == [Outcome.DONE, Outcome.UNKNOWN]


def test_a_log_whose_beginning_is_missing_is_read_from_its_first_header() -> None:
    lines = lines_of(OLD)
    cut = lines.index("#8 2.075 stepx 3")

    (solve,) = solves(lines[cut:])

    assert solve.vertices[0].key.text.startswith("RUN for i ")
    assert vertex(solve, "RUN for i in 1 2 3 4").seconds == 4.1


def test_the_end_of_a_long_output_is_kept() -> None:
    output = [f"#1 {i / 10:.1f} line {i} {'x' * 5000}" for i in range(500)]

    (solve,) = solves(["#1 [1/1] RUN x", *output, "#1 DONE 50.0s"])

    (run,) = solve.vertices
    assert (run.log_lines, len(run.log)) == (500, 50)
    assert run.log[-1].startswith("line 499")
    assert max(map(len, run.log)) == 1000


def test_a_cancelled_step_did_not_fail() -> None:
    text = "#1 [1/2] RUN a\n#1 CANCELED\n\n#2 [2/2] RUN b\n#2 ERROR: rpc error: context canceled"

    (solve,) = solves(text.split("\n"))

    assert [v.outcome for v in solve.vertices] == [Outcome.CANCELLED] * 2
    assert solve.failed == ()
