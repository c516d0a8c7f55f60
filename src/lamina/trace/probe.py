"""Ask a builder's programs: before a build who builds, after it what came of it."""

import subprocess
from collections.abc import Mapping, Sequence
from time import monotonic

_PATIENCE_S = 10.0


def ask(
    questions: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    *,
    patience_s: float = _PATIENCE_S,
) -> tuple[str, ...]:
    """Run all of ``questions`` at once; return what each said, nothing where it failed.

    After ``patience_s`` nobody waits for any of them.  It is asked before each build and not
    remembered: an option that a builder has no more would fail the user's build, and asking takes
    a tenth of a second.
    """
    started = [_start(words, environment) for words in questions]
    until = monotonic() + patience_s
    return tuple("" if process is None else _answer(process, until) for process in started)


def _start(
    words: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.Popen[bytes] | None":
    try:
        return subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
        )
    except OSError:
        return None


def _answer(process: "subprocess.Popen[bytes]", until: float) -> str:
    try:
        output, _ = process.communicate(timeout=max(0.0, until - monotonic()))
    except BaseException as error:
        process.kill()
        if process.stdout is not None:
            process.stdout.close()  # what it started may hold the pipe, and is not waited for
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            return ""
        raise
    return output.decode("utf-8", "replace") if process.returncode == 0 else ""
