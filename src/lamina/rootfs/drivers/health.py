"""Start a command and ask its health check until it answers, inside the container's own network.

Arguments: a mark, the URL or "" for none, the time in seconds, then the command.  Without a URL
the command must still run when the time is over.  The last line of the output is the mark and a
JSON object: ``ok``, ``detail``, ``seconds``.
"""

from __future__ import annotations  # the image's Python may be an old one

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

_PAUSE_S = 0.1
_GRACE_S = 10
_OK = 200


def main() -> None:
    """Start, ask, stop, report."""
    mark, url, timeout, *command = sys.argv[1:]
    began = time.monotonic()
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        _say(mark, f"it does not start: {error}", ok=False, seconds=0.0)
        return
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    ok, detail = _watch(process, url, began + float(timeout))
    seconds = time.monotonic() - began
    if process.poll() is None:
        detail += _stop(process)
    _say(mark, detail, ok=ok, seconds=seconds)


def _watch(process: subprocess.Popen[bytes], url: str, deadline: float) -> tuple[bool, str]:
    last = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False, f"it ended by itself with exit code {process.returncode}"
        if url:
            last = _ask(url, deadline - time.monotonic())
            if last == "200":
                return True, f"200 from {url}"
        time.sleep(_PAUSE_S)
    return (False, f"{last} from {url}") if url else (True, "it kept running")


def _ask(url: str, left: float) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=max(0.1, min(5.0, left))) as answer:
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
