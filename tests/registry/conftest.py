"""A day on which everything between us and a registry may go wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.bad_day import BadDay, assert_whole, bad_day


@pytest.fixture
def day(tmp_path: Path) -> Iterator[BadDay]:
    with bad_day(tmp_path) as day:
        yield day
        assert_whole(day)
