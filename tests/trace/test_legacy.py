"""The builder before BuildKit."""

from lamina.trace.solve import Outcome
from tests.trace.logs_of import lines_of, solve_of, solves, stamped, vertex

CACHED = """\
Sending build context to Docker daemon  3.011MB
Step 1/3 : FROM base:1
 ---> 777db4eb26a2
Step 2/3 : RUN make
 ---> Using cache
 ---> 8245e98fc64c
Step 3/3 : RUN test
 ---> Running in 0dd87138ca8c
ok
Removing intermediate container 0dd87138ca8c
 ---> 8851f7cf466b
Successfully built 8851f7cf466b
Successfully tagged t:1
"""


def test_steps_belong_to_stages_as_buildkit_names_them() -> None:
    solve = solve_of("docker-26-legacy.plain")

    steps = [(v.key.stage, v.key.text.split()[0]) for v in solve.vertices if v.parsed.index]
    assert steps == [
        ("builder", "FROM"), ("builder", "WORKDIR"), ("builder", "COPY"), ("builder", "RUN"),
        ("stage-1", "FROM"), ("stage-1", "ENV"), ("stage-1", "COPY"), ("stage-1", "COPY"),
        ("stage-1", "RUN"), ("stage-1", "CMD"),
    ]  # fmt: skip
    assert solve.exported.config == "84ec2402172a"


def test_a_single_stage_has_no_name() -> None:
    (solve,) = solves(CACHED.split("\n"))

    assert {v.key.stage for v in solve.vertices} == {""}
    assert solve.exported.names == ("t:1",)


def test_a_step_is_cached_where_the_builder_says_so() -> None:
    (solve,) = solves(CACHED.split("\n"))

    assert [v.outcome for v in solve.vertices if v.parsed.is_cacheable] == [
        Outcome.CACHED, Outcome.DONE,
    ]  # fmt: skip
    assert vertex(solve, "RUN test").log == ("ok",)
    assert vertex(solve, "[internal] load build context").transfers[0].current == 3_011_000


def test_there_are_no_times_unless_the_lines_have_them() -> None:
    (bare,), (timed,) = solves(CACHED.split("\n")), solves(stamped(CACHED.split("\n")))

    assert {v.seconds for v in bare.vertices} == {None, 0.0}
    assert vertex(bare, "RUN make").seconds == 0.0, "cached"
    assert vertex(timed, "RUN test").intervals == ((3.0, 5.5),)


def test_a_failing_instruction_ends_the_build() -> None:
    error = "The command '/bin/sh -c exit 3' returned a non-zero code: 3"
    lines = ["Step 1/2 : FROM x", " ---> 1", "Step 2/2 : RUN exit 3", " ---> Running in 2", "o",
             error]  # fmt: skip

    (solve,) = solves(lines)

    assert solve.error == error
    assert [(v.outcome, v.log) for v in solve.vertices] == [
        (Outcome.DONE, ()), (Outcome.FAILED, ("o",)),
    ]  # fmt: skip


def test_a_log_that_breaks_off_leaves_the_last_step_unfinished() -> None:
    solve = solve_of("legacy-cut.plain")

    assert [v.name for v in solve.vertices if v.outcome is Outcome.UNKNOWN] == [
        "[stage-2 11/11] CMD echo hi"
    ]


def test_what_a_run_prints_is_no_instruction() -> None:
    """A RUN may print anything, even progress of BuildKit."""
    lines = lines_of("docker-26-legacy.plain")
    cut = lines.index("installing")
    output = ["#1 [internal] load build definition from Dockerfile", "#1 DONE 0.0s"]

    (solve,) = solves([*lines[:cut], *output, *lines[cut:]])

    assert solve.grammar == "legacy"
    assert vertex(solve, 'RUN echo "installing"').log == (*output, "installing")
