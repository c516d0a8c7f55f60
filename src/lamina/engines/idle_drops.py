"""Idle drops: a warning for each pattern of a diet that met no file of the dependencies."""

from lamina.engines.expected import venv_of
from lamina.layer.key import wheel_layer_key
from lamina.plan.drops import idle_drops
from lamina.plan.plan import BuildPlan, WheelLayer
from lamina.steps import Step
from lamina.store.store import Store

_TOPIC = "patterns of a diet that a layer met"


def remember_drops(store: Store, key: str, met: tuple[str, ...]) -> None:
    """Keep what the layer under ``key`` met, for builds that find it made."""
    store.remember(_TOPIC, key, list(met))


def known_drops(store: Store, key: str) -> list[str] | None:
    """Recall what the layer under ``key`` met, None where nobody knows."""
    row = store.recall(_TOPIC, key)
    return row if isinstance(row, list) else None


def warn_of_idle_drops(plan: BuildPlan, store: Store, step: Step) -> None:
    """Warn once for each pattern that leaves nothing out.

    A layer that came from elsewhere says nothing of that, and then nobody is warned.
    """
    venv = venv_of(plan)
    layers = [x for x in plan.layers if isinstance(x, WheelLayer) and x.diet and x.diet.drop]
    met = [known_drops(store, wheel_layer_key(x, venv, plan.bytecode)) for x in layers]
    for pattern in idle_drops(plan.diet, met):
        step.warn(
            f"drop = [{pattern!r}] meets no file of the dependencies for {plan.base.platform}, "
            "and leaves nothing out (pyproject.toml, tool.lamina.diet.drop)"
        )
