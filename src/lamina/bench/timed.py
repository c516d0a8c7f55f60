"""Run a command to its end, and time it."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Final

from lamina.errors import ToolError

_LINES: Final = 12


def timed(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds that the command took; raise ``ToolError`` with its last lines."""
    began = time.perf_counter()
    try:
        done = subprocess.run(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise ToolError(f"cannot start: {error.strerror}", where=command[0]) from error
    seconds = time.perf_counter() - began
    if done.returncode:
        raise ToolError(
            f"a measured build failed with exit code {done.returncode}",
            where=" ".join(command[:3]),
            hint="run it by itself: what cannot be built cannot be compared",
            why="\n".join(done.stdout.strip().splitlines()[-_LINES:]),
        )
    return seconds
