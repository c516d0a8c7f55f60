"""Every command explains each of its arguments."""

import argparse
import importlib

import pytest

from lamina.cli import app


@pytest.mark.parametrize("name", app._COMMANDS)
def test_every_argument_has_a_help_text(name: str) -> None:
    parser = argparse.ArgumentParser()
    importlib.import_module(f"lamina.cli.{name}_command").add_arguments(parser)

    assert [action.dest for action in parser._actions if not action.help] == []
