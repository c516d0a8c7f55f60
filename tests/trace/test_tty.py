"""Captures of a terminal: the last frame counts, whatever the escapes around it."""

import pytest

from lamina.trace.solve import Outcome, TransferKind
from tests.trace.logs_of import solve_of, solves, vertex

BOTH = pytest.mark.parametrize("name", ["docker-20-no-cache.tty", "docker-26-no-cache.tty"])


@BOTH
def test_a_capture_holds_what_its_last_frame_shows(name: str) -> None:
    solve = solve_of(name)

    run = vertex(solve, 'RUN echo "installing"')
    assert (len(solve.vertices), solve.seconds) == (12, 1.3)
    assert (run.key.stage, run.outcome, run.seconds) == ("builder", Outcome.DONE, 1.1)
    assert vertex(solve, "WORKDIR /w").outcome is Outcome.CACHED
    assert solve.exported.names == ("t:1",)


@BOTH
def test_parts_of_a_vertex_are_its_transfers(name: str) -> None:
    context = vertex(solve_of(name), "[internal] load build context")

    assert [(t.kind, t.current) for t in context.transfers] == [(TransferKind.CONTEXT, 123)]


FAILING = """\
[+] Building 0.5s (3/3) FINISHED
 => [internal] load .dockerignore                          0.0s
 => CACHED [1/2] FROM docker.io/library/base               0.0s
 => ERROR [2/2] RUN echo a && exit 3                       0.1s
------
 > [2/2] RUN echo a && exit 3:
0.072 a
------
ERROR: failed to solve: process "/bin/sh -c echo a && exit 3" did not complete: exit code: 3
"""


def test_a_failing_build_keeps_the_output_that_is_repeated_below_it() -> None:
    (solve,) = solves(FAILING.split("\n"))

    (failed,) = solve.failed
    assert failed.log == ("0.072 a",)
    assert failed.error.startswith("process ")
    assert solve.is_failed


def test_names_that_one_frame_cuts_shorter_than_another_are_one() -> None:
    frames = """\
[+] Building 0.5s (0/1)
 => [builder 2/2] RUN pip install -r requirements.t  0.4s
[+] Building 1.5s (1/1) FINISHED
 => [builder 2/2] RUN pip install -r requirements.txt && make  1.4s
"""

    (solve,) = solves(frames.split("\n"))

    (run,) = solve.vertices
    assert (run.key.text, run.seconds) == ("RUN pip install -r requirements.txt && make", 1.4)


def test_a_clock_that_goes_back_is_another_build() -> None:
    frame = " => [1/1] RUN {}  0.1s"
    lines = ["[+] Building 9.0s (1/1) FINISHED", frame.format("a"), "[+] Building 0.2s (0/1)",
             frame.format("b"), "[+] Building 0.4s (1/1) FINISHED", frame.format("b")]  # fmt: skip

    found = solves(lines)

    assert [s.seconds for s in found] == [9.0, 0.4]
    assert [s.vertices[0].key.text for s in found] == ["RUN a", "RUN b"]
