"""Requirements of plans, for projects whose lock pip cannot read; pure."""

from collections.abc import Sequence
from typing import Final

from lamina.lock.lock import LockedWheel
from lamina.plan.plan import BuildPlan, WheelLayer

_MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}


def dependencies_of(plan: BuildPlan) -> tuple[LockedWheel, ...]:
    """List the wheels of a plan that are not the project's own."""
    layers = (x for x in plan.layers if isinstance(x, WheelLayer) and not x.is_own)
    return tuple(wheel for layer in layers for wheel in layer.wheels)


def requirement(wheel: LockedWheel, *others: LockedWheel, marker: str = "") -> str:
    """Write a distribution as pip reads it, with the hashes of all its wheels."""
    hashes = sorted({found.digest.hex for found in (wheel, *others)})
    condition = f" ; {marker}" if marker else ""
    rows = [
        f"{wheel.name}=={wheel.version}{condition}",
        *(f"    --hash=sha256:{h}" for h in hashes),
    ]
    return " \\\n".join(rows) + "\n"


def requirements_of(plans: Sequence[BuildPlan]) -> str:
    """Write what plans for several platforms install, each on its own; the project itself is not.

    A version that only some platforms have gets a marker.
    """
    found: dict[tuple[str, str], list[tuple[str, LockedWheel]]] = {}
    for plan in plans:
        machine = _MACHINES[plan.base.platform.architecture]
        for wheel in dependencies_of(plan):
            found.setdefault((wheel.name, wheel.version), []).append((machine, wheel))
    rows = []
    for _, rows_of_one in sorted(found.items()):
        machines = [machine for machine, _ in rows_of_one]
        marker = " or ".join(f"platform_machine == '{machine}'" for machine in machines)
        wheels = [wheel for _, wheel in rows_of_one]
        rows.append(requirement(*wheels, marker="" if len(machines) == len(plans) else marker))
    return "".join(rows)
