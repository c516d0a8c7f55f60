"""From the plan of an image to the plan of its dev image."""

from lamina.lock.lock import LockedWheel
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.plan.develop import develop
from lamina.plan.plan import BaseImage, BuildPlan, WheelLayer

BASE = BaseImage(
    reference="debian:bookworm",
    platform=Platform("linux", "amd64"),
    digest=Digest.of(b"base"),
    python="3.11",
    python_full="3.11.2",
    interpreter="/usr/bin/python3.11",
    glibc=(2, 36),
)


def wheel(name: str, *, size: int = 1) -> LockedWheel:
    return LockedWheel(
        name=name,
        version="1.0",
        filename=f"{name}-1.0-py3-none-any.whl",
        digest=Digest.of(name.encode()),
        size=size,
    )


PLAN = BuildPlan(
    name="shop",
    base=BASE,
    venv="/opt/venv",
    layers=(
        WheelLayer(name="tiny wheels", wheels=(wheel("packaging"),)),
        WheelLayer(name="shop", wheels=(wheel("shop"),), is_own=True),
    ),
    runtime=RuntimeConfig(entrypoint=("shop",), ports=(8000,), labels={"team": "a"}),
)


def test_tools_lie_between_what_the_image_has_and_the_project_itself() -> None:
    plan = develop(PLAN, [wheel("pytest"), wheel("ruff", size=9_000_000)], mounted_at="/app")

    assert [layer.name for layer in plan.layers] == [
        "tiny wheels", "dev: ruff", "dev: tiny wheels", "shop",
    ]  # fmt: skip
    assert plan.layers[0] == PLAN.layers[0]


def test_the_image_says_where_it_expects_the_sources() -> None:
    labels = develop(PLAN, [], mounted_at="/srv/shop").runtime.labels

    assert labels == {"team": "a", "dev.lamina.source": "/srv/shop"}


def test_the_debuggers_port_is_exposed_where_there_is_a_debugger() -> None:
    assert develop(PLAN, [wheel("pytest")], mounted_at="/app").runtime.ports == (8000,)
    assert develop(PLAN, [wheel("debugpy")], mounted_at="/app").runtime.ports == (8000, 5678)
