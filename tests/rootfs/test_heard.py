"""Which signals a process handles is read from the kernel."""

import os
import signal
from pathlib import Path

import pytest

from lamina.rootfs.heard import hears


def test_a_handler_is_seen() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        assert hears(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert not hears(os.getpid(), signal.SIGUSR1)


def test_what_cannot_be_asked_may_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_: "Name: x\n")

    assert hears(os.getpid(), signal.SIGUSR1)
    monkeypatch.undo()
    assert hears(0, signal.SIGUSR1)
