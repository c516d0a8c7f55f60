"""An in-memory registry without a password."""

from collections.abc import Iterator

import pytest

from lamina.testing.registry import InMemoryRegistry


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as registry:
        yield registry
