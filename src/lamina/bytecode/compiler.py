"""Compiler: sources to bytecode in processes of a matching interpreter, several at once."""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from lamina.bytecode import worker
from lamina.errors import ToolError
from lamina.parallel import map_ordered
from lamina.processes import until_it_ends

_ASK = "import sys, _imp; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""All that the interpreter gets to see.  Before 3.11 the order of a constant set is that of its
hashes, so the seed must count, and with ``-I`` or ``-E`` it would not."""


class Compiler:
    """Compiles for one minor version of Python; results come in order, None for invalid sources."""

    def __init__(self, python: str, interpreter: str, *, workers: int) -> None:
        self.python = python
        self._interpreter = interpreter
        self._workers = workers

    def __call__(self, sources: Sequence[tuple[bytes, str]]) -> list[bytes | None]:
        """Compile (source, absolute path in the image) pairs."""
        shares = [sources[n :: self._workers] for n in range(self._workers)]
        done = map_ordered(self._run, [share for share in shares if share], workers=self._workers)
        results: list[bytes | None] = [None] * len(sources)
        for n, share in enumerate(done):
            results[n :: self._workers] = share
        return results

    def _run(self, sources: Sequence[tuple[bytes, str]]) -> list[bytes | None]:
        with tempfile.TemporaryFile() as request:
            for source, path in sources:
                request.write(worker.frame(path.encode("utf-8", "surrogateescape")))
                request.write(worker.frame(source))
            request.seek(0)
            code, out, errors = self._ask(request)
        answers = _frames(out)
        if code or len(answers) != len(sources):
            raise ToolError(
                f"{self._interpreter} could not compile",
                why=errors.decode("utf-8", "replace")[-500:],
            )
        return [answer or None for answer in answers]

    def _ask(self, request: BinaryIO) -> tuple[int, bytes, bytes]:
        """Start the worker; return its exit code, its answers, and what went wrong."""
        try:
            process = subprocess.Popen(
                [self._interpreter, "-s", "-S", str(Path(worker.__file__))],
                stdin=request,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_ENVIRONMENT,
            )
        except OSError as error:
            raise ToolError(f"cannot start: {error.strerror}", where=self._interpreter) from error
        with process:
            try:
                out, errors = until_it_ends(process)
            except BaseException:
                process.kill()
                raise
        return process.returncode, out, errors


def find_interpreter(python: str) -> str | None:
    """Find a CPython of the minor version ``python`` on this machine: ours, or one on PATH."""
    if python == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    candidate = shutil.which(f"python{python}")
    return candidate if candidate and _is_python(candidate, python) else None


def _is_python(program: str, python: str) -> bool:
    try:
        done = subprocess.run(  # noqa: PLW1510 - any failure is a no
            [program, "-I", "-c", _ASK], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [python, "cpython"]


def _frames(data: bytes) -> list[bytes]:
    stream, frames = io.BytesIO(data), []
    while (answer := worker.read_frame(stream)) is not None:
        frames.append(answer)
    return frames
