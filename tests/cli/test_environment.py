"""What we are told in secret, no program that we start can read."""

import os
import subprocess
import sys

import pytest

from lamina.cli.environment import child_environment, environment, secrets_taken


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_MEMO_KEY", "canary")
    monkeypatch.setenv("LAMINA_REGISTRY_PASSWORD", "canary")


def test_while_a_command_runs_no_child_inherits_a_secret() -> None:
    ask = [sys.executable, "-c", "import os; print(sorted(os.environ.values()))"]

    with secrets_taken():
        inherited = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
        told = [*child_environment().values()]

    assert "canary" not in inherited
    assert "canary" not in told


def test_we_can_read_them_all_the_while() -> None:
    with secrets_taken():
        assert environment()["LAMINA_MEMO_KEY"] == "canary"


def test_afterwards_the_environment_is_as_it_was() -> None:
    before = dict(os.environ)

    with secrets_taken():
        pass

    assert dict(os.environ) == before
