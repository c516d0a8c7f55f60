"""Start a command and ask its health check until it answers, inside the container's own network.

Arguments: a mark, a JSON object, then the command.  The object has ``timeout`` in seconds, and the
health check: ``url`` to be answered with 200, or ``check``, a command that must end with 0.  With
neither the command must still run when the time is over, or, if it ``may_end``, have ended with 0.
The last line of the output is the mark and a JSON object: ``ok``, ``detail``, ``seconds``.
"""

from __future__ import annotations  # the image's Python may be an old one

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

_PAUSE_S = 0.1
_GRACE_S = 10
_OK = 200


def main() -> None:
    """Start, ask, stop, report."""
    mark, text, *command = sys.argv[1:]
    options = json.loads(text)
    began = time.monotonic()
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        _say(mark, f"it does not start: {error}", ok=False, seconds=0.0)
        return
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    ok, detail = _watch(process, options, began + options["timeout"])
    seconds = time.monotonic() - began
    if process.poll() is None:
        detail += _stop(process)
    _say(mark, detail, ok=ok, seconds=seconds)


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


def _say(mark: str, detail: str, *, ok: bool, seconds: float) -> None:
    result = {"ok": ok, "detail": detail, "seconds": round(seconds, 2)}
    sys.stdout.write("\n" + mark + json.dumps(result) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
