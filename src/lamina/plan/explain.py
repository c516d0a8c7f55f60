"""A plan for people: layers from the bottom up, their sizes, and what is in them."""

from lamina.plan.plan import BuildPlan, FileLayer, WheelLayer

_SHOWN = 6


def explain(plan: BuildPlan) -> str:
    """Draw the plan as a table of layers; sizes are those of wheels and files, in MB."""
    base = plan.base
    system = sum(package.size for package in base.system_packages)
    rows = [("base", sum(package.size for package in base.packages), base.reference)]
    if base.system_packages:
        rows.append(("system", system, " ".join(p.name for p in base.system_packages)))
    rows += [(layer.name, layer.size, _contents(layer)) for layer in plan.layers]
    width = max(len(name) for name, _, _ in rows)
    lines = [
        f"{plan.name}  {base.platform}  Python {base.python_full}  bytecode {plan.bytecode}",
        "",
    ]
    lines += [f"{size / 1e6:9.1f} MB  {name:<{width}}  {text}" for name, size, text in rows]
    total = sum(size for _, size, _ in rows)
    lines.append(f"{total / 1e6:9.1f} MB  in {len(rows)} layers, {len(plan.wheels)} wheels")
    lines.append("")
    command = " ".join((*plan.runtime.entrypoint, *plan.runtime.command))
    lines.append(f"starts  {command}  as {plan.runtime.user} in {plan.runtime.working_directory}")
    return "\n".join(lines)


def _contents(layer: WheelLayer | FileLayer) -> str:
    if isinstance(layer, FileLayer):
        return f"{len(layer.files)} files"
    names = [f"{wheel.name} {wheel.version}" for wheel in layer.wheels]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
