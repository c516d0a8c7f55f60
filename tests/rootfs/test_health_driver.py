"""The driver that starts a program loses nothing of what it said."""

import json
import signal
import sys
import time
from typing import IO

import pytest

from lamina.rootfs.drivers import health


def test_what_a_program_imported_last_is_recorded_though_it_has_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its words wait in a pipe, and who reads them may be slow."""
    read = health._Recorder.read

    def read_late(recorder: health._Recorder, stream: IO[bytes]) -> None:
        time.sleep(0.5)
        read(recorder, stream)

    options = {"url": "", "check": [], "timeout": 20, "may_end": True, "record": True}
    program = [sys.executable, "-c", "import colorsys"]
    monkeypatch.setattr(health._Recorder, "read", read_late)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["health", "mark:", json.dumps(options), *program])

    health.main()

    told = json.loads(capsys.readouterr().out.strip().removeprefix("mark:"))
    assert told["ok"]
    assert "colorsys" in told["modules"]
