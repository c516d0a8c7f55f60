"""An arm64 image is built on this machine, whatever it is, from what is published for arm64."""

import json
from collections.abc import Iterator

from lamina.layer.entries import LayerReader, Member
from tests.support.workload import Workload

AARCH64 = 183


def members(workload: Workload) -> Iterator[tuple[Member, bytes]]:
    """Yield every member of every layer, and the first bytes of its content."""
    manifest = json.loads(workload.blob(workload.digest))
    for row in manifest["layers"]:
        path = workload.layout / "blobs/sha256" / row["digest"].removeprefix("sha256:")
        with path.open("rb") as stream:
            reader = LayerReader(stream)
            for member in reader:
                yield member, next(reader.chunks(), b"")


def test_every_elf_file_is_for_aarch64(workload_arm64: Workload) -> None:
    machines = {
        member.path: int.from_bytes(start[18:20], "little")
        for member, start in members(workload_arm64)
        if start.startswith(b"\x7fELF")
    }

    assert len(machines) > 400
    assert {path for path, machine in machines.items() if machine != AARCH64} == set()


def test_the_config_says_arm64(workload_arm64: Workload) -> None:
    manifest = json.loads(workload_arm64.blob(workload_arm64.digest))
    config = json.loads(workload_arm64.blob(manifest["config"]["digest"]))

    assert (config["os"], config["architecture"]) == ("linux", "arm64")


def test_layers_of_pure_wheels_are_shared_between_platforms(
    workload: Workload, workload_arm64: Workload
) -> None:
    one, other = (
        {row["digest"] for row in json.loads(built.blob(built.digest))["layers"]}
        for built in (workload, workload_arm64)
    )

    assert len(one & other) >= 3
