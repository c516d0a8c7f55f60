"""Run a client of BuildKit to its end."""

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from lamina.engines.buildkit.progress import Progress
from lamina.errors import ToolError
from lamina.steps import Step
from lamina.trace.solve import Solve

_SHOWN_LINES: Final = 12
_NO_OCI: Final = "OCI exporter is not supported"
_OWN_BUILDER: Final = (
    "turn on the engine's containerd image store, or make a builder with "
    "`docker buildx create --use`"
)
_HINTS: Final = (
    (_NO_OCI, _OWN_BUILDER),
    ("unknown flag: --progress", "buildx 0.13 or later is needed"),
    ("invalid progress mode", "buildx 0.13 or later is needed"),
    ("network.host is not allowed", "the builder has to allow network.host"),
    ("no builder", "`docker buildx ls` lists the builders there are"),
)


def run_build(
    command: Sequence[str],
    environment: Mapping[str, str],
    step: Step,
    *,
    clock: Callable[[], float],
) -> None:
    """Run ``command`` and tell ``step`` what it says.

    Raises ``ToolError`` with the step that failed and the end of what it printed.
    """
    progress = Progress(step, clock)
    with _started(command, environment) as process:
        assert process.stderr is not None  # noqa: S101 - a pipe, as asked for
        for line in process.stderr:
            progress.feed(line)
        code = process.wait()
    solve = progress.close()
    if code:
        raise _failure(solve, progress.rest)


def run_quietly(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a client for its output; raise ``ToolError`` with what it said."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, errors="replace", env=environment
    )
    if done.returncode:
        raise ToolError(f"{' '.join(command[:4])} failed", why=done.stderr.strip()[-500:])
    return done.stdout


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str]
) -> "Iterator[subprocess.Popen[str]]":
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=dict(environment),
        )
    except OSError as error:
        raise ToolError(f"cannot start {command[0]}", why=error.strerror) from error
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:  # an error of ours, or Ctrl-C: nobody waits for it
                process.terminate()


def _failure(solve: Solve | None, rest: Sequence[str]) -> ToolError:
    failed = solve.failed[0] if solve and solve.failed else None
    said = list(failed.log[-_SHOWN_LINES:]) if failed else list(rest[-_SHOWN_LINES:])
    error = (failed.error if failed else "") or (solve.error if solve else "")
    told = "\n".join([*rest, error])
    return ToolError(
        f"BuildKit could not build: {_short(failed.name)}" if failed else "BuildKit did not build",
        where=None,
        hint=next((hint for mark, hint in _HINTS if mark in told), None),
        why="\n".join([*said, error.strip()]).strip() or None,
    )


def _short(name: str) -> str:
    """Leave the flags out of an instruction: what it runs says more."""
    return " ".join(word for word in name.split() if not word.startswith("--"))[:200]
