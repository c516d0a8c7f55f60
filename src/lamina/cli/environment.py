"""The process's environment, less the secrets that no program we start may inherit."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

SECRETS: Final = ("LAMINA_HISTORY", "LAMINA_MEMO_KEY", "LAMINA_REGISTRY_PASSWORD")

_taken: dict[str, str] = {}


@contextmanager
def secrets_taken() -> Iterator[None]:
    """Take the secrets out of the environment for as long as a command runs."""
    _taken.update({name: os.environ.pop(name) for name in SECRETS if name in os.environ})
    try:
        yield
    finally:
        os.environ.update(_taken)
        _taken.clear()


def environment() -> Mapping[str, str]:
    """Return the environment with the secrets: for ourselves."""
    return {**os.environ, **_taken}


def child_environment() -> Mapping[str, str]:
    """Return the environment without the secrets: for programs that we start."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}
