"""Watching: what counts as a change, and what is said of it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lamina.rootfs.container import Container
from lamina.rootfs.run import start
from lamina.rootfs.watch import difference, end, snapshot, watch


def test_a_changed_a_new_and_a_lost_file_are_named() -> None:
    before = {"a.py": (1, 10), "b.py": (1, 10), "c.py": (1, 10)}
    after = {"a.py": (2, 10), "b.py": (1, 10), "d.py": (2, 10)}

    assert difference(before, after) == "a.py, c.py (gone), d.py (new)"


def test_equal_looks_are_no_difference() -> None:
    assert difference({"a.py": (1, 10)}, {"a.py": (1, 10)}) == ""


def test_of_many_changes_three_are_named() -> None:
    after = {f"{number}.py": (1, 1) for number in range(9)}

    assert difference({}, after) == "0.py (new), 1.py (new), 2.py (new) and 6 more"


def test_a_file_that_vanished_since_it_was_listed_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")

    found = snapshot(tmp_path, [tmp_path / "a.py", tmp_path / "gone.py"])

    assert list(found) == ["a.py"]
    assert found["a.py"][1] == 1


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_a_program_that_hears_no_signal_is_ended_all_the_same() -> None:
    """The first process of a namespace ignores what it has no handler for; here it ignores two."""
    container = Container(
        root=Path("/"),
        arguments=(str(Path(sys.executable).resolve()), "-c", _DEAF),  # a checkout may be in /tmp
        working_directory="/",
    )
    told: list[str] = []

    def interrupt() -> None:
        time.sleep(1.5)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code = watch(container, dict, told.append, engine="bubblewrap")
    thread.join()

    assert code == 128 + signal.SIGTERM
    assert told == []
    assert "deaf to all of them" not in subprocess.check_output(["ps", "ax"], text=True)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
@pytest.mark.parametrize(
    ("handler", "said"),
    [("", b"up\n"), ("signal.signal(15, lambda *_: (print('bye'), exit()))", b"up\nbye\n")],
)
def test_a_program_is_ended_without_a_traceback_and_may_say_goodbye(
    tmp_path: Path, handler: str, said: bytes
) -> None:
    """A traceback at each change would hide what the program itself says."""
    code = f"import signal, time\n{handler}\nprint('up', flush=True)\ntime.sleep(60)"
    container = Container(
        root=Path("/"),
        arguments=(str(Path(sys.executable).resolve()), "-c", code),
        working_directory="/",
    )
    path = tmp_path / "output"
    with path.open("wb") as output:
        running = start(container, engine="bubblewrap", output=output)
        until = time.monotonic() + 20
        while path.stat().st_size == 0 and time.monotonic() < until:
            time.sleep(0.05)
        end(running)

    assert path.read_bytes() == said


_DEAF = """\
import signal, time  # deaf to all of them
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    time.sleep(1)
"""
