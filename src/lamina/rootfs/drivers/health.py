"""Start a command and ask its health check until it answers, inside the container's own network.

Arguments: a mark, a JSON object, then the command.  The object has ``timeout`` in seconds, and the
health check: ``url`` to be answered with 200, or ``check``, a command that must end with 0.  With
neither the command must still run when the time is over, or, if it ``may_end``, have ended with 0.
The last line of the output is the mark and a JSON object: ``ok``, ``detail``, ``seconds``.  If the
object has ``record``, it also has ``modules`` and ``objects``: what Python says that it imports
when it is asked to be verbose, and the files that all processes have mapped.
"""

from __future__ import annotations  # the image's Python may be an old one

import glob
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import IO, Any

_IMPORT = re.compile(rb"import '([\w.]+)' # ")
_CHATTER = (
    b"# ", b"import ", b"Python 3.", b'Type "help"', b"Processing user site-packages",
    b"Processing global site-packages", b"Adding directory: ", b"Processing .pth file: ",
)  # fmt: skip
_PAUSE_S = 0.1
_GRACE_S = 10
_LAST_WORDS_S = 5
_OK = 200


def main() -> None:
    """Start, ask, stop, report."""
    mark, text, *command = sys.argv[1:]
    options = json.loads(text)
    began = time.monotonic()
    recorder = _Recorder() if options.get("record") else None
    try:
        process = _start(command, recorder)
    except OSError as error:
        _say(mark, f"it does not start: {error}", ok=False, seconds=0.0)
        return
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    ok, detail = _watch(process, options, began + options["timeout"])
    seconds = time.monotonic() - began
    objects = _mapped() if recorder else []
    if process.poll() is None:
        detail += _stop(process)
    found = {"modules": recorder.found(), "objects": objects} if recorder else {}
    _say(mark, detail, ok=ok, seconds=seconds, **found)


def _start(command: list[str], recorder: _Recorder | None) -> subprocess.Popen[bytes]:
    if recorder is None:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)
    environment = {**os.environ, "PYTHONVERBOSE": "1"}  # noqa: TID251 - the image's environment
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    if process.stderr:
        recorder.follow(process.stderr)
    return process


class _Recorder:
    """Collects the imports that a verbose Python tells, and lets what else is said through."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self._reader: threading.Thread | None = None

    def follow(self, stream: IO[bytes]) -> None:
        self._reader = threading.Thread(target=self.read, args=(stream,), daemon=True)
        self._reader.start()

    def found(self) -> list[str]:
        """Wait for what a program that has ended said last; its children may never end."""
        if self._reader:
            self._reader.join(_LAST_WORDS_S)
        return sorted(self.modules)

    def read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                match = _IMPORT.match(line)
                if match:
                    self.modules.add(match[1].decode())
                elif not line.startswith(_CHATTER):
                    sys.stderr.buffer.write(line)
                    sys.stderr.buffer.flush()


def _mapped() -> list[str]:
    """List the files that any process of the container has mapped into memory."""
    found: set[str] = set()
    for maps in glob.glob("/proc/[0-9]*/maps"):  # noqa: PTH207 - no more modules than needed
        try:
            with open(maps, encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
                found.update("/" + x.partition("/")[2].rstrip("\n") for x in lines if "/" in x)
        except OSError:
            continue
    return sorted(found)


def _watch(
    process: subprocess.Popen[bytes], options: dict[str, Any], deadline: float
) -> tuple[bool, str]:
    well, said = (False, "no answer") if options["url"] or options["check"] else (True, "")
    while time.monotonic() < deadline:
        code = process.poll()
        if code == 0 and options["may_end"]:
            return True, "it ended with exit code 0"
        if code is not None:
            return False, f"it ended by itself with exit code {code}"
        left = max(0.1, min(5.0, deadline - time.monotonic()))
        if options["url"]:
            said = _ask(options["url"], left)
            well = said == "200"
            said = f"{said} from {options['url']}"
        elif options["check"]:
            well, said = _check(options["check"], left)
        if well and said:
            return True, said
        time.sleep(_PAUSE_S)
    return well, said or "it kept running"


def _check(command: list[str], left: float) -> tuple[bool, str]:
    try:
        done = subprocess.run(
            command, timeout=left, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return False, "its health check does not end"
    except OSError as error:
        return False, f"its health check does not start: {error}"
    if done.returncode:
        return False, f"its health check ended with exit code {done.returncode}"
    return True, "its health check is content"


def _ask(url: str, left: float) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=left) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    except Exception as error:  # noqa: BLE001 - half an answer from a server that is starting
        return type(error).__name__


def _stop(process: subprocess.Popen[bytes]) -> str:
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"; it did not end within {_GRACE_S} s of SIGTERM"
    return ""


def _say(mark: str, detail: str, *, ok: bool, seconds: float, **found: list[str]) -> None:
    result = {"ok": ok, "detail": detail, "seconds": round(seconds, 2), **found}
    sys.stdout.write("\n" + mark + json.dumps(result) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
