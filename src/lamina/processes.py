"""Processes: a program of others, run until it ends or nobody wants what it does."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import AnyStr, Final

from lamina.parallel import check_wanted

_POLL_S: Final = 0.1


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    timeout_s: float | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a program, and return its exit code and what it wrote.

    Where the call is given up the program is killed, within a tenth of a second.  Raises
    ``OSError`` for what cannot be started, and ``TimeoutExpired`` for what takes longer than
    ``timeout_s``.
    """
    with subprocess.Popen(
        command,
        env=None if environment is None else dict(environment),
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            out, err = until_it_ends(process, timeout_s=timeout_s)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def until_it_ends(
    process: "subprocess.Popen[AnyStr]", *, timeout_s: float | None = None
) -> tuple[AnyStr, AnyStr]:
    """Wait for a process's end, and return what it wrote; what it reads has to be in a file.

    Raises ``TimeoutExpired`` after ``timeout_s``, and ``GivenUp`` where nobody wants it any more;
    to end the process then is the caller's part.
    """
    until = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        try:
            return process.communicate(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            check_wanted()
            if until is not None and time.monotonic() >= until:
                raise
