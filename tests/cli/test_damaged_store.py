"""A store that lost a bit gives the right image or none."""

import json
from pathlib import Path

import pytest

from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support.toys import lamina


@pytest.mark.parametrize("place", [10, -30, "middle"])
def test_a_wheel_with_a_flipped_bit_is_fetched_again(tmp_path: Path, place: int | str) -> None:
    """Layers are spliced by offset, so a bit in a local header would not be looked at."""
    project = locked_project(tmp_path / "project", [ToyWheel()])
    store = tmp_path / "store"
    words = ("build", project, "-t", "toys", "--no-cache", "--platform", "linux/amd64")
    first = lamina(*words, store=store)
    (wheel,) = (store / "wheels").iterdir()
    whole = wheel.read_bytes()
    data = bytearray(whole)
    data[len(data) // 2 if isinstance(place, str) else place] ^= 1
    wheel.chmod(0o644)
    wheel.write_bytes(data)

    second = lamina(*words, "--progress", "rawjson", store=store)

    assert (second.code, second.out) == (0, first.out), second.err
    assert wheel.read_bytes() == whole
    events = [json.loads(line) for line in second.err.splitlines()]
    assert [e["size"] for e in events if e["event"] == "WheelFetched"] == [len(whole)]
