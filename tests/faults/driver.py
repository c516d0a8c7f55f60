"""Run a build with a fault armed: ``driver.py FAULT NUMBER WORD…``; a script for subprocesses.

``kill-at N`` ends the process by SIGKILL right before its Nth change of the file system;
``count`` prints how many there are; ``files N`` leaves room for N more open files; ``bytes N``
forbids files larger than N bytes.
"""

import os
import resource
import signal
import sys
from pathlib import Path

_CHANGES = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.truncate", "os.symlink"}


def main() -> int:
    """Arm the fault, and build."""
    from lamina.cli import app, build_command  # noqa: F401, PLC0415 - before files run out

    fault, number, *words = sys.argv[1:]
    changes = _Changes(int(number) if fault == "kill-at" else 0)
    if fault in {"kill-at", "count"}:
        sys.addaudithook(changes)
    elif fault == "files":
        open_now = max(int(link.name) for link in Path("/proc/self/fd").iterdir())
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 1 + int(number),) * 2)
    elif fault == "bytes":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(number),) * 2)
    code = app.main(words)
    if fault == "count":
        print(changes.seen)  # noqa: T201 - a script
    return code


class _Changes:
    """Counts what changes the file system, and kills before a chosen one."""

    def __init__(self, fatal: int) -> None:
        self._fatal = fatal
        self.seen = 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Receive an audit event (Python's sys.addaudithook)."""
        if event not in _CHANGES and not (event == "open" and _writes(arguments)):
            return
        self.seen += 1
        if self.seen == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


if __name__ == "__main__":
    sys.exit(main())
