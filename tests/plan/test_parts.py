"""Each layer of an image is a part of it, by a name that stays when versions change."""

from dataclasses import replace

import pytest

from lamina.oci.digest import Digest
from lamina.plan.component import Component
from lamina.plan.parts import parts_of
from lamina.plan.plan import PlannedFile, SystemPackage
from tests.plan.test_decide import MB, plan, wheel

FILE = PlannedFile(path="app/serve.py", digest=Digest.of(b"f"), size=1, mode=0o644, source="x")
DEBIAN = SystemPackage(name="libgl1", version="1", digest=Digest.of(b"g"), size=5)


def test_layers_are_named_from_the_base_to_the_project() -> None:
    made = plan(wheel("torch", 900 * MB), wheel("idna"), own=wheel("shop"), files=(FILE,))

    assert parts_of(made, made.layer_count) == (
        ("base", Component.BASE),
        ("environment", Component.ENVIRONMENT),
        ("torch", Component.DEPENDENCIES),
        ("tiny wheels", Component.DEPENDENCIES),
        ("files", Component.APPLICATION),
        (made.layers[-1].name, Component.APPLICATION),
    )


def test_what_the_project_asked_for_of_the_system_is_told_from_the_base() -> None:
    made = plan()
    with_packages = replace(made, base=replace(made.base, system_packages=(DEBIAN,)))

    assert [name for name, _ in parts_of(with_packages, with_packages.layer_count)][:3] == [
        "base", "system", "environment",
    ]  # fmt: skip


@pytest.mark.parametrize("layers", [0, 1, 5])
def test_all_layers_of_a_foreign_base_are_the_base(layers: int) -> None:
    found = parts_of(plan(), layers + 1)

    assert found == (("base", Component.BASE),) * layers + (("environment", Component.ENVIRONMENT),)
