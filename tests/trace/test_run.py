"""A command is run as its user would, and read on the way."""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.errors import ToolError
from lamina.trace.command import TRACE_FILE, Display, Recording
from lamina.trace.detect import Reader
from lamina.trace.run import Ended, run_recorded
from tests.trace.logs_of import LOGS, lines_of, solve_of, solves


def run(script: str, *arguments: str, **how: object) -> Ended:
    """Run a shell script with a clock that goes a second at each look."""
    recording = Recording(command=("/bin/sh", "-c", script, "sh", *arguments), **how)  # type: ignore[arg-type] # tests name them
    ticks = itertools.count(1000)
    return run_recorded(recording, dict(os.environ), clock=lambda: float(next(ticks)))


def test_what_a_builder_prints_arrives_as_it_is(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = (LOGS / "docker-20-cold.plain").read_bytes()

    ended = run('cat "$1" >&2; printf "id\\000\\377"', str(LOGS / "docker-20-cold.plain"),
                reads_stderr=True)  # fmt: skip

    shown = capfdbinary.readouterr()
    assert (shown.out, shown.err, ended.code) == (b"id\x00\xff", log, 0)
    (build,) = ended.builds
    assert [v.name for v in build.solve.vertices] == [
        v.name for v in solve_of("docker-20-cold.plain").vertices
    ]


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)])
@pytest.mark.parametrize("reads", [True, False])
def test_the_exit_code_is_the_commands(script: str, code: int, *, reads: bool) -> None:
    assert run(script, reads_stderr=reads, reads_stdout=reads).code == code


def test_what_the_command_leaves_in_the_background_is_not_waited_for() -> None:
    """A daemon that it started may hold the pipe open for days."""
    began = time.monotonic()

    ended = run("echo '#1 [1/1] RUN x' >&2; sleep 20 & exit 2", reads_stderr=True)

    assert (ended.code, time.monotonic() - began < 10) == (2, True)


def test_the_arrival_of_lines_is_their_time() -> None:
    """Plain progress of Docker 20.10 has no clock of its own."""
    ended = run("echo '#1 [1/1] RUN x' >&2; echo '#1 DONE 3.0s' >&2", reads_stderr=True)

    (build,) = ended.builds
    assert build.solve.started is not None
    assert build.solve.started >= 1000 - 3


def test_rawjson_is_shown_as_lines(capfd: pytest.CaptureFixture[str]) -> None:
    name = "docker-26-failing.rawjson"

    ended = run('cat "$1" >&2; exit 1', str(LOGS / name), reads_stderr=True, display=Display.PLAIN)

    shown = capfd.readouterr().err
    (build,) = ended.builds
    assert (ended.code, build.solve) == (1, solve_of(name))
    assert "{" not in shown
    (read,) = solves(shown.split("\n"))
    assert {v.name for v in read.vertices} == {v.name for v in solve_of(name).vertices}
    rest = lines_of(name)[-9:]
    assert shown.endswith("\n".join(rest)), "what the client says of the failure comes last"
    assert rest[0] == "Df:11"


@pytest.mark.parametrize("name", ["docker-26-failing.rawjson", "docker-20-failing.plain"])
def test_a_display_is_drawn_in_place_of_any_progress(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run('cat "$1" >&2', str(LOGS / name), reads_stderr=True, display=Display.LIVE)

    (read,) = solves(capfd.readouterr().err.split("\n"))
    assert read.grammar == "tty"
    assert [v.outcome for v in read.vertices] == [v.outcome for v in solve_of(name).vertices]


def test_a_trace_that_the_builder_writes_is_read_when_it_ended(
    capfd: pytest.CaptureFixture[str],
) -> None:
    name = "buildkit-mixed.rawjson"
    command = ("/bin/sh", "-c", 'cat "$1" >"$2"; echo shown', "sh", str(LOGS / name), TRACE_FILE)
    recording = Recording(command=command, trace=5)

    ended = run_recorded(recording, dict(os.environ), clock=lambda: 0.0)

    assert [found.solve for found in ended.builds] == [solve_of(name)]
    assert capfd.readouterr().out == "shown\n"


def test_a_command_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    recording = Recording(command=(str(tmp_path / "docker"), "build"), reads_stderr=True)

    with pytest.raises(ToolError, match="cannot start"):
        run_recorded(recording, {}, clock=lambda: 0.0)


def test_a_reader_that_has_gone_does_not_fail_the_build() -> None:
    """With `2>&1 | head` behind it, the builder sees a closed pipe, as it would without us."""
    readable, writable = os.pipe()
    os.close(readable)
    recording = Recording(command=("/bin/sh", "-c", "echo a >&2; exit 3"), reads_stderr=True)
    try:
        ended = run_recorded(recording, {}, clock=lambda: 0.0, stderr=writable)
    finally:
        os.close(writable)

    assert ended.code == 3


@pytest.mark.parametrize("display", [Display.UNTOUCHED, Display.PLAIN])
def test_a_slow_reader_of_a_pipe_that_does_not_block_misses_nothing(
    display: Display, tmp_path: Path
) -> None:
    """Programs of Node share such pipes with what they start."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    slow = ("sh", "-c", 'sleep 0.3; exec cat >"$1"', "sh", str(tmp_path / "shown"))
    script = "yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | head -n 5000 >&2; exit 6"
    recording = Recording(command=("/bin/sh", "-c", script), reads_stderr=True, display=display)

    with subprocess.Popen(slow, stdin=readable):
        os.close(readable)
        ended = run_recorded(recording, dict(os.environ), clock=time.monotonic, stderr=writable)
        os.close(writable)

    assert (ended.code, len((tmp_path / "shown").read_bytes())) == (6, 5000 * 40)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_ignored(number: signal.Signals) -> None:
    """`nohup lamina trace -- docker build .` outlives the terminal."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        ended = run(f"kill -{number:d} $PPID; sleep 0.1; exit 0", reads_stderr=True)
    finally:
        signal.signal(number, before)

    assert (ended.code, ended.is_interrupted) == (0, False)


def test_output_without_lines_is_passed_on_as_fast_as_it_comes() -> None:
    """What is kept of a line is bounded, and the lines after it are read."""
    size = 100 << 20
    build = "echo '#1 [1/1] RUN x' >&2; echo '#1 DONE 3.0s' >&2"
    sink = os.open(os.devnull, os.O_WRONLY)
    command = ("/bin/sh", "-c", f"head -c {size} /dev/zero >&2; echo >&2; {build}")
    recording = Recording(command=command, reads_stderr=True)

    began = time.process_time()
    ended = run_recorded(recording, dict(os.environ), clock=lambda: 0.0, stderr=sink)
    os.close(sink)

    assert len(ended.builds) == 1
    assert time.process_time() - began < 5


def test_a_bug_of_ours_does_not_cost_the_user_the_build(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Iterator[None]:
        raise RuntimeError

    monkeypatch.setattr(Reader, "feed", broken)

    ended = run("echo '#1 [1/1] RUN x' >&2; exit 5", reads_stderr=True, display=Display.PLAIN)

    assert (ended.code, ended.builds) == (5, ())
    assert capfd.readouterr().err == "#1 [1/1] RUN x\n"
