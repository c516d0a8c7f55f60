"""A program of others runs until it ends, or until nobody wants what it does."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from lamina.parallel import Turn, map_ordered, together
from lamina.processes import run

LONG_S = 30
SLEEPER = f"import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep({LONG_S})"


def test_what_a_program_wrote_and_its_exit_code_are_returned(tmp_path: Path) -> None:
    program = (
        "import os, sys\nprint(os.environ['A'], os.getcwd())\n"
        "sys.stderr.buffer.write(b'bad \\xff')\nsys.exit(3)"
    )

    done = run([sys.executable, "-c", program], environment={"A": "b"}, directory=tmp_path)

    assert (done.returncode, done.stdout) == (3, f"b {tmp_path}\n")
    assert done.stderr == "bad \N{REPLACEMENT CHARACTER}"


def test_much_output_over_some_time_is_whole() -> None:
    program = "import time\nfor _ in range(4): print('x' * 100_000, flush=True); time.sleep(0.1)"

    assert len(run([sys.executable, "-c", program]).stdout) == 400_004


def test_a_program_that_takes_too_long_is_ended() -> None:
    start = time.monotonic()

    with pytest.raises(subprocess.TimeoutExpired):
        run([sys.executable, "-c", f"import time; time.sleep({LONG_S})"], timeout_s=0.3)

    assert time.monotonic() - start < LONG_S / 2


def test_a_program_that_is_not_there_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        run([str(tmp_path / "none")])


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_program_is_ended_when_a_call_beside_it_fails(tmp_path: Path, *, is_nested: bool) -> None:
    mark, start = tmp_path / "started", time.monotonic()

    def sleep(_: int) -> None:
        run([sys.executable, "-c", SLEEPER, str(mark)])

    def call(number: int, _: Turn) -> None:
        if number == 0:
            if is_nested:
                map_ordered(sleep, [0], workers=1)
            sleep(0)
        while not mark.exists():
            time.sleep(0.01)
        raise ValueError("the second")

    with pytest.raises(ValueError, match="the second"):
        together(call, [0, 1])

    assert time.monotonic() - start < LONG_S / 2
