"""What is sent to BuildKit is what the plan names, and nothing beside it."""

from dataclasses import replace
from pathlib import Path

from lamina.engines.buildkit.context import write_files, write_lock, write_wheel
from lamina.engines.buildkit.groups import groups_of
from lamina.engines.buildkit.requirements import requirements_of
from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.plan.plan import BuildPlan, FileLayer, PlannedFile, WheelLayer
from tests.engines.buildkit.plans import plan

ONE = "0" * 64
TWO = "1" * 64


def planned(*wheels: LockedWheel, platform: str = "linux/amd64") -> BuildPlan:
    found = plan({})
    layers = (WheelLayer(name="all", wheels=wheels),)
    base = replace(found.base, platform=Platform.parse(platform))
    return replace(found, layers=layers, base=base)


def wheel(name: str, version: str, digest: str) -> LockedWheel:
    return LockedWheel(
        name=name, version=version, filename="", digest=Digest.parse(f"sha256:{digest}"), size=1
    )


def test_a_group_has_one_hash_for_each_distribution(tmp_path: Path) -> None:
    found = planned(wheel("click", "8.1.7", ONE))

    folder = write_lock(found, groups_of(found), tmp_path / "out")

    text = (folder / "lock/group-1-click.txt").read_text()
    assert text == f"click==8.1.7 \\\n    --hash=sha256:{ONE}\n"


def test_the_wheel_is_where_the_stage_would_have_it(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"wheel")
    own = LockedWheel(
        name="shop", version="1", filename="shop-1-py3-none-any.whl", digest=Digest.of(b""), size=5
    )

    folder = write_wheel(own, tmp_path / "kept", tmp_path / "out")

    assert (folder / "dist/shop-1-py3-none-any.whl").read_bytes() == b"wheel"


def test_files_get_the_modes_of_the_plan(tmp_path: Path) -> None:
    source = tmp_path / "run.sh"
    source.write_text("#!/bin/sh\n")
    source.chmod(0o600)
    file = PlannedFile(path="app/bin/run.sh", digest=Digest.of(b""), size=0, mode=0o755,
                       source=str(source))  # fmt: skip
    found = replace(plan({}), layers=(FileLayer(name="files", files=(file,)),))

    folder = write_files(found, tmp_path / "out")

    assert [str(p.relative_to(folder)) for p in sorted(folder.rglob("*"))] == ["bin", "bin/run.sh"]
    assert (folder / "bin/run.sh").stat().st_mode & 0o777 == 0o755


def test_requirements_of_two_platforms_have_both_hashes_and_markers_where_they_differ() -> None:
    here = planned(wheel("click", "8", ONE), wheel("psutil", "5", ONE))
    there = planned(wheel("click", "8", TWO), wheel("psutil", "6", TWO), platform="linux/arm64")

    assert requirements_of([here, there]) == (
        f"click==8 \\\n    --hash=sha256:{ONE} \\\n    --hash=sha256:{TWO}\n"
        f"psutil==5 ; platform_machine == 'x86_64' \\\n    --hash=sha256:{ONE}\n"
        f"psutil==6 ; platform_machine == 'aarch64' \\\n    --hash=sha256:{TWO}\n"
    )
