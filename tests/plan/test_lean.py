"""A diet reaches the layers of dependencies and the base, and leaves no trace where it is off."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.lock.lock import Lock
from lamina.plan.decide import decide
from lamina.plan.explain import explain
from lamina.plan.inputs import plan_inputs
from lamina.plan.lean import check_whole
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.plan.serialize import plan_key, plan_to_json
from lamina.project.loaded import Loaded
from lamina.project.project import Project
from lamina.project.settings import Settings
from tests.plan.test_decide import BASE, MB, wheel

LOADED = Loaded(modules={"numpy": ("numpy", "numpy.core"), "shop": ("shop",), "gone": ("gone",)})


def plan(base: object = BASE, **settings: object) -> BuildPlan:
    project = Project(name="shop", directory=Path(), settings=Settings(**settings))  # type: ignore[arg-type]
    return decide(
        project,
        lock=Lock(wheels=(wheel("numpy", 20 * MB), wheel("tiny"))),
        base=base,  # type: ignore[arg-type]
        own_wheel=wheel("shop"),
        files=(),
        loaded=LOADED,
    )


def layers(found: BuildPlan) -> dict[str, WheelLayer]:
    return {layer.name: layer for layer in found.layers if isinstance(layer, WheelLayer)}


def test_the_projects_own_wheel_is_never_put_on_a_diet() -> None:
    found = layers(plan(diet={"tests": True}))

    assert [name for name, layer in found.items() if layer.diet] == ["numpy", "tiny wheels"]
    assert found["shop"].diet is None


def test_each_layer_knows_the_loaded_modules_of_its_own_wheels() -> None:
    found = layers(plan(bytecode="imported"))

    assert found["numpy"].loaded == ("numpy", "numpy.core")
    assert found["shop"].loaded == ("shop",)
    assert found["tiny wheels"].loaded == ()


@pytest.mark.parametrize("diet", [{}, {"tests": False}, {"keep": ["x"]}, {"drop": []}])
def test_a_diet_that_is_off_leaves_no_trace(diet: dict[str, object]) -> None:
    off = plan(diet=diet)

    text = json.dumps(plan_to_json(off)) + json.dumps(plan_inputs(off)) + explain(off)
    assert plan_key(off) == plan_key(plan())
    assert not any(word in text for word in ("diet", "left_out", "leaves out"))


def test_a_diet_of_the_standard_library_alone_leaves_the_wheels_layers_as_they_are() -> None:
    found = plan(diet={"stdlib": ["sqlite3"]})

    assert found.base.left_out == ("sqlite3",)
    assert all(layer.diet is None for layer in layers(found).values())
    assert plan_key(found) != plan_key(plan())


def test_nothing_can_be_left_out_of_a_base_that_is_somebody_elses() -> None:
    with pytest.raises(ProjectError, match="nothing can be left out of"):
        plan(replace(BASE, packages=(), found_layers=(5,)), diet={"stdlib": ["sqlite3"]})


def test_who_installs_whole_wheels_refuses_a_diet() -> None:
    check_whole(plan(bytecode="all"))

    with pytest.raises(ProjectError) as caught:
        check_whole(plan(bytecode="imported", diet={"tests": True, "stdlib": ["pdb"]}))

    assert caught.value.where == (
        'pyproject.toml, tool.lamina: diet.tests, diet.stdlib, bytecode = "imported"'
    )


def test_the_plan_says_what_stays_out_and_what_that_risks() -> None:
    found = plan(diet={"tests": True, "stdlib": ["sqlite3"]})

    said = explain(found)
    assert "leaves out of the dependencies:" in said
    assert "  tests   folders named test or tests inside packages; risk: code that imports" in said
    assert "  stdlib  modules of the standard library that you name; risk: whatever imports" in said
    assert plan_inputs(found)["settings"]["diet"] == '{"stdlib":["sqlite3"],"tests":true}'


def test_a_changed_list_of_loaded_modules_is_an_input_that_explains_changed_layers() -> None:
    before = plan(bytecode="imported")
    numpy = replace(layers(before)["numpy"], loaded=("numpy",))
    after = replace(before, layers=(numpy, *before.layers[1:]))

    found = [plan_inputs(one)["settings"] for one in (before, after)]

    assert [inputs["loaded"].split()[0] for inputs in found] == ["3", "2"]
    assert found[0] | {"loaded": ""} == found[1] | {"loaded": ""}
