"""Why our own engine made a layer again."""

from dataclasses import replace
from typing import Any

from lamina.explain.native import explain_layers
from lamina.history.record import BuildRecord, LayerRecord, StepKind, StepRecord
from lamina.plan.component import Component

_PARTS = {
    "base": {"reference": "debian:bookworm", "digest": "aa", "libc6": "2.36 ab"},
    "numpy": {"numpy": "1.26 11"},
    "small wheels": {"attrs": "23 22", "idna": "3.6 33"},
    "files": {"app/a.py": "644 5 44"},
}
_SETTINGS = {"python": "3.12", "platform": "linux/amd64", "venv": "/opt/venv", "bytecode": "none"}
_COMPONENTS = {"base": Component.BASE, "files": Component.APPLICATION}


def _build(
    id_: str, parts: dict[str, Any], made: tuple[str, ...] = (), **settings: str
) -> BuildRecord:
    layers = tuple(
        LayerRecord(
            digest=f"sha256:{name}",
            size=10,
            part=name,
            component=_COMPONENTS.get(name, Component.DEPENDENCIES),
            cached=name not in made,
            platform="linux/amd64",
            step=name,
        )
        for name in parts
    )
    steps = tuple(
        StepRecord(id=name, name=f"layer {name}", kind=StepKind.LAYER, seconds=2.0)
        for name in parts
    )
    inputs = {"settings": {**_SETTINGS, **settings}, "parts": parts}
    return BuildRecord(
        id=id_,
        started=1.0,
        engine="native",
        steps=steps,
        layers=layers,
        fingerprint={"kind": "native", "format": 1, "platforms": {"linux/amd64": inputs}},
    )


def _texts(parts: dict[str, Any], made: str, **settings: str) -> list[str]:
    before = _build("b1", _PARTS)
    found = explain_layers(_build("b2", {**_PARTS, **parts}, (made,), **settings), before)
    assert [miss.name for miss in found.misses] == [f"layer {made}"]
    return [cause.text for cause in found.misses[0].causes]


def test_the_dependency_that_moved_is_named() -> None:
    parts = {"small wheels": {"attrs": "24 55", "idna": "3.6 33"}}

    assert _texts(parts, "small wheels") == ["attrs 23 → 24"]


def test_dependencies_that_came_and_went_are_named() -> None:
    parts = {"small wheels": {"idna": "3.6 66", "yarl": "1 77"}}

    assert _texts(parts, "small wheels") == [
        "attrs 23 is gone", "idna 3.6 has another digest", "yarl 1 is new",
    ]  # fmt: skip


def test_a_layer_of_its_own_says_where_its_wheel_was_before() -> None:
    assert _texts({"attrs": {"attrs": "23 22"}}, "attrs") == [
        "the layer is new: attrs was in layer small wheels"
    ]


def test_a_file_is_named_with_what_changed_of_it() -> None:
    assert _texts({"files": {"app/a.py": "755 9 99"}}, "files") == [
        "app/a.py mode 644 → 755, content changed (5 → 9 bytes)"
    ]


def test_a_package_of_the_base_is_named() -> None:
    parts = {"base": {**_PARTS["base"], "digest": "bb", "libc6": "2.37 ac"}}

    assert _texts(parts, "base") == ["digest aa → bb", "libc6 2.36 → 2.37"]


def test_a_setting_is_named() -> None:
    assert _texts({}, "numpy", bytecode="all") == ["bytecode none → all"]


def test_a_layer_whose_inputs_are_the_same_was_not_kept() -> None:
    assert _texts({}, "numpy") == [
        "nothing that it is made of changed: the store did not have it any more"
    ]


def test_a_platform_that_was_not_built_before_is_said() -> None:
    before = replace(_build("b1", _PARTS), fingerprint=None)

    found = explain_layers(_build("b2", _PARTS, ("numpy",)), before)

    assert [cause.kind for cause in found.misses[0].causes] == ["target"]


def test_seconds_bytes_and_hits_are_counted() -> None:
    found = explain_layers(_build("b2", _PARTS, ("numpy",)), _build("b1", _PARTS))

    assert (found.hits, found.steps, found.seconds, found.misses[0].bytes) == (3, 4, 2.0, 10)


def test_the_first_build_is_said_to_be_the_first() -> None:
    found = explain_layers(_build("b2", _PARTS, ("numpy",)), None)

    assert found.notes == ("there is no earlier build to compare it with",)
    assert found.misses[0].causes == ()
