"""A plan for people: layers from the bottom up, their sizes, and what is in them."""

from lamina.plan.plan import BaseImage, BuildPlan, FileLayer, WheelLayer

_SHOWN = 6


def explain(plan: BuildPlan) -> str:
    """Draw the image's layers as a table; sizes are those of wheels and files, in MB."""
    base = plan.base
    rows = [
        *_base_rows(base),
        ("environment", 0, plan.venv),
        *((layer.name, layer.size, _contents(layer)) for layer in plan.layers),
    ]
    width = max(len(name) for name, _, _ in rows)
    bytecode = plan.bytecode + ", standard library compiled" * base.stdlib_bytecode
    lines = [
        f"{plan.name}  {base.platform}  Python {base.python_full}  bytecode {bytecode}",
        "",
    ]
    lines += [f"{size / 1e6:9.1f} MB  {name:<{width}}  {text}" for name, size, text in rows]
    total = sum(size for _, size, _ in rows)
    lines.append(f"{total / 1e6:9.1f} MB  in {len(rows)} layers, {len(plan.wheels)} wheels")
    lines.append("")
    command = " ".join((*plan.runtime.entrypoint, *plan.runtime.command))
    lines.append(f"starts  {command}  as {plan.runtime.user} in {plan.runtime.working_directory}")
    return "\n".join(lines)


def _base_rows(base: BaseImage) -> list[tuple[str, int, str]]:
    rows = [("base", size, base.reference) for size in base.layer_sizes]
    if base.system_packages:
        names = " ".join(package.name for package in base.system_packages)
        rows[-1] = ("system", base.layer_sizes[-1], names)
    return rows


def _contents(layer: WheelLayer | FileLayer) -> str:
    if isinstance(layer, FileLayer):
        return f"{len(layer.files)} files"
    names = [f"{wheel.name} {wheel.version}" for wheel in layer.wheels]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
