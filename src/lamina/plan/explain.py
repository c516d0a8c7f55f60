"""A plan for people: layers from the bottom up, their sizes, and what is in them."""

from lamina.plan.diet import lines_of
from lamina.plan.forecast import Forecast, Together
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
    lines += _diet(plan)
    lines.append("")
    command = " ".join((*plan.runtime.entrypoint, *plan.runtime.command))
    lines.append(f"starts  {command}  as {plan.runtime.user} in {plan.runtime.working_directory}")
    return "\n".join(lines)


def explain_forecast(forecast: Forecast) -> str:
    """Say what the next push moves, layer by layer, in MB."""
    about = "" if forecast.is_exact else "about "
    width = max((len(layer.name) for layer in forecast.moved), default=0)
    lines = [f"against {forecast.reference}:", ""]
    lines += [
        f"{layer.size / 1e6:9.1f} MB  {layer.name:<{width}}  to be sent" for layer in forecast.moved
    ]
    total = len(forecast.layers)
    lines.append(
        f"{forecast.push_size / 1e6:9.1f} MB  in {len(forecast.moved)} of {total} layers: {about}"
        "what the next push sends, and what a node that has the old image pulls"
    )
    again = total - forecast.unpacked_from
    lines.append(
        f"{forecast.unpack_size / 1e6:9.1f} MB  in {again} layers are unpacked by such a node"
    )
    return "\n".join(lines)


def explain_together(found: Together) -> str:
    """Say what a push of several platforms moves, in MB."""
    about = "" if found.is_exact else "about "
    return (
        f"{found.push_size / 1e6:9.1f} MB  in {len(found.layers)} layers are sent for all "
        f"platforms together: {about}what the next push sends"
    )


def forecast_to_json(forecast: Forecast, whole: Together) -> dict[str, object]:
    """Write a forecast as JSON values; sizes are in bytes.  ``whole`` is of all platforms."""
    return {
        "reference": forecast.reference,
        "pushSize": forecast.push_size,
        "pushSizeOfAll": whole.push_size,
        "pullSize": forecast.push_size,
        "unpackSize": forecast.unpack_size,
        "isExact": forecast.is_exact,
        "layers": [
            {
                "name": layer.name,
                "size": layer.size,
                "isExact": layer.is_exact,
                "isPresent": layer.name in forecast.present,
            }
            for layer in forecast.layers
        ],
    }


def _diet(plan: BuildPlan) -> list[str]:
    """Say what stays out, and what that risks."""
    lines = lines_of(plan.diet)
    width = max((len(line.key) for line in lines), default=0)
    rows = [f"  {line.key:<{width}}  {line.what}; risk: {line.risk}" for line in lines]
    return ["", "leaves out of the dependencies:", *rows] if rows else []


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
