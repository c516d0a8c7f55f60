"""Every command explains each of its arguments."""

import argparse
import importlib
from collections.abc import Iterator

import pytest

from lamina.cli import app


@pytest.mark.parametrize("name", app._COMMANDS)
def test_every_argument_has_a_help_text(name: str) -> None:
    parser = argparse.ArgumentParser()
    importlib.import_module(app.module_of(name)).add_arguments(parser)

    assert [action.dest for action in _actions(parser) if not action.help] == []


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """List what a command takes, and what the commands below it do."""
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            yield action
            continue
        yield from action._choices_actions
        for inner in action.choices.values():
            yield from _actions(inner)
