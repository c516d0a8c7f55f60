"""Splicers: processes of our own that make layers of wheels, because threads share one lock.

Hashing and inflating release the interpreter's lock, but what lies between them, for each of
28,000 files, does not: two threads on two cores took 1.3 times as long as two processes.  A request
is one line of JSON, and so is its answer; the layer itself goes into the store.
"""

import json
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Final, Self

from lamina import errors
from lamina.engines.layers import LayerShop
from lamina.errors import LaminaError, ProjectError, ToolError
from lamina.layer.venv import Venv
from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.parallel import check_wanted
from lamina.plan.plan import Bytecode, WheelLayer
from lamina.project.diet_settings import Diet
from lamina.store.store import Store

_POLL_S: Final = 0.1


class Splicers:
    """A pool of processes, started as they are needed; use it as a context manager.

    Builds that run at the same time may use one pool, each as a context manager: the last that
    leaves ends the processes.
    """

    def __init__(self, store: Store, venv: Venv, bytecode: Bytecode, *, workers: int) -> None:
        self._setup = {
            "store": str(store.root),
            "prefix": str(venv.prefix),
            "python": venv.python,
            "interpreter": str(venv.base_interpreter),
            "bytecode": bytecode,
            "workers": workers,
        }
        self._users = 0
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[str]] = []
        self._all: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        with self._lock:
            self._users += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the processes: at once when the build failed, else when they have nothing to do."""
        with self._lock:
            self._users -= 1
            if self._users > 0:
                return
            ended, self._all = self._all, []  # whoever comes from now on starts others
            self._idle.clear()
        for process in ended:
            if error is not None:
                process.kill()
            process.communicate()

    def make(self, layer: WheelLayer, paths: Sequence[Path]) -> None:
        """Make a layer and leave it in the store, under its key.

        Raises what making it here would have raised, and ``ToolError`` when the process died.
        Where the call is given up the process is killed, within a tenth of a second.
        """
        check_wanted()
        process = self._take()
        try:
            answer = _ask(process, request_text(layer, paths))
        except BaseException:
            process.kill()
            process.wait()
            raise
        if not answer:
            raise ToolError(
                f"the process that makes the layer {layer.name} died",
                why=f"it ended with {process.wait()}",
                hint="is there enough memory?",
            )
        with self._lock:
            self._idle.append(process)
        _raise(json.loads(answer))

    def _take(self) -> "subprocess.Popen[str]":
        with self._lock:
            if self._idle:
                return self._idle.pop()
            process = subprocess.Popen(
                [sys.executable, "-m", "lamina.engines.splicer", json.dumps(self._setup)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                process_group=0,  # Ctrl-C is for the parent, who ends its processes itself
            )
            self._all.append(process)
            return process


def request_text(layer: WheelLayer, paths: Sequence[Path]) -> str:
    """Ask for a layer of the wheels at ``paths``; this is what :func:`serve` reads."""
    return json.dumps(
        {
            "name": layer.name,
            "lenient": layer.lenient,
            "loaded": layer.loaded,
            "diet": asdict(layer.diet) if layer.diet else None,
            "wheels": [_to_json(wheel) for wheel in layer.wheels],
            "paths": [str(path) for path in paths],
        }
    )


def _ask(process: "subprocess.Popen[str]", request: str) -> str:
    """Return the answer, or nothing where the process has died."""
    assert process.stdin  # noqa: S101 - both are pipes
    assert process.stdout  # noqa: S101
    try:
        process.stdin.write(request + "\n")
        process.stdin.flush()
    except OSError:
        check_wanted()
        return ""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            is_there = selector.select(_POLL_S)
            check_wanted()  # first: whoever gives up closes the pipe
            if is_there:
                return process.stdout.readline()


def _to_json(wheel: LockedWheel) -> dict[str, Any]:
    return {
        "name": wheel.name,
        "version": wheel.version,
        "filename": wheel.filename,
        "digest": wheel.digest.hex,
        "size": wheel.size,
    }


def _diet(members: dict[str, Any] | None) -> Diet | None:
    if members is None:
        return None
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in members.items()}
    return Diet(**values)


def _raise(answer: dict[str, Any]) -> None:
    """Raise the error that a process sent, if it sent one."""
    if "error" not in answer:
        return
    kind: type[LaminaError] = getattr(errors, answer["error"], LaminaError)
    error = kind(answer["what"], **{name: answer[name] for name in ("where", "hint", "why")})
    if isinstance(error, ProjectError):
        error.problems = tuple(answer["problems"])
    raise error


def _describe(error: LaminaError) -> dict[str, Any]:
    problems = error.problems if isinstance(error, ProjectError) else ()
    return {
        "error": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "hint": error.hint,
        "why": error.why,
        "problems": problems,
    }


def serve(
    setup: dict[str, Any], read: Callable[[], str], write: Callable[[dict[str, Any]], None]
) -> None:
    """Make a layer for each line that ``read`` returns, until it is empty."""
    venv = Venv(
        prefix=PurePosixPath(setup["prefix"]),
        python=setup["python"],
        base_interpreter=PurePosixPath(setup["interpreter"]),
    )
    shop = LayerShop(
        Store.open(Path(setup["store"])),
        venv,
        setup["bytecode"],
        workers=setup["workers"],
        no_cache=True,  # whoever asks has looked
    )
    while line := read():
        request = json.loads(line)
        wheels = (
            LockedWheel(**{**row, "digest": Digest(row["digest"])}) for row in request["wheels"]
        )
        layer = WheelLayer(
            name=request["name"],
            wheels=tuple(wheels),
            lenient=tuple(request["lenient"]),
            diet=_diet(request["diet"]),
            loaded=tuple(request["loaded"]),
        )
        try:
            shop.wheel_layer(layer, [Path(path) for path in request["paths"]])
        except LaminaError as error:
            write(_describe(error))
        else:
            write({})


def main() -> None:
    """Serve on the standard streams; what anybody prints goes to the standard error."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)  # what cannot be written is not kept for the end
    os.dup2(2, 1)

    def write(answer: dict[str, Any]) -> None:
        try:
            out.write(json.dumps(answer).encode() + b"\n")
        except BrokenPipeError:  # whoever asked was killed, and nobody wants to hear of it
            raise SystemExit(1) from None

    serve(json.loads(sys.argv[1]), sys.stdin.readline, write)


if __name__ == "__main__":
    main()
