"""What a build of a plan will give, layer by layer, before anything is built."""

from dataclasses import replace
from pathlib import PurePosixPath

from lamina.layer.key import file_layer_key, venv_layer_key, wheel_layer_key
from lamina.layer.venv import Venv
from lamina.oci.layer import Layer
from lamina.plan.forecast import ExpectedLayer
from lamina.plan.plan import BuildPlan, FileLayer
from lamina.protocols import Base
from lamina.store.store import Store


def expected_layers(plan: BuildPlan, base: Base, store: Store) -> tuple[ExpectedLayer, ...]:
    """List the plan's layers from the bottom up, with the exact sizes that the store knows."""
    venv = venv_of(plan)
    marks = base.marks(plan.base)
    names = ["base"] * len(marks)
    if plan.base.system_packages:
        names[-1] = "system"
    rows = [
        *zip(names, marks, plan.base.layer_sizes, strict=True),
        ("environment", venv_layer_key(venv, plan.runtime.working_directory, plan.home), 0),
    ]
    for layer in plan.layers:
        if isinstance(layer, FileLayer):
            key = file_layer_key(layer)
        else:
            key = wheel_layer_key(layer, venv, plan.bytecode)
        rows.append((layer.name, key, layer.size))
    found = len(plan.base.found_layers)
    return tuple(
        _expected(
            ExpectedLayer(
                name=f"{name} {number}" if number < found else name,
                marks=frozenset({mark}),
                size=size,
                is_exact=number < found,
            ),
            store.known_layer(mark),
        )
        for number, (name, mark, size) in enumerate(rows)
    )


def venv_of(plan: BuildPlan) -> Venv:
    """Describe the environment that the plan's wheels share."""
    return Venv(
        prefix=PurePosixPath(plan.venv),
        python=plan.base.python,
        base_interpreter=PurePosixPath(plan.base.interpreter),
    )


def _expected(layer: ExpectedLayer, known: Layer | None) -> ExpectedLayer:
    if known is None:
        return layer
    marks = layer.marks | {str(known.descriptor.digest)}
    return replace(layer, marks=marks, size=known.size, is_exact=True)
