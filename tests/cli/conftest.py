"""What the tests of commands share."""

import pytest

from lamina.http import retry


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again as often as ever, at once."""
    monkeypatch.setattr(retry, "backoff_s", lambda attempt: attempt / 1000)
