"""Facts of a wheel as JSON values, and back: what the store remembers of its metadata; pure."""

from typing import Any

from lamina.image.installed import Found
from lamina.image.license import License
from lamina.image.wheel_metadata import WheelFacts


def facts_to_json(facts: WheelFacts) -> dict[str, Any]:
    """Write what was read of a wheel."""
    return {
        "license": _license(facts.license),
        "vendored": [
            [one.name, one.version, one.path, _license(one.license)] for one in facts.vendored
        ],
    }


def facts_from_json(value: Any) -> WheelFacts | None:  # noqa: ANN401 - JSON
    """Read what :func:`facts_to_json` wrote; None for None."""
    if value is None:
        return None
    return WheelFacts(
        license=License(expression=value["license"][0], said=value["license"][1]),
        vendored=tuple(
            Found(
                name=name,
                version=version,
                path=path,
                license=License(expression=expression, said=said),
            )
            for name, version, path, (expression, said) in value["vendored"]
        ),
    )


def _license(one: License) -> list[str]:
    return [one.expression, one.said]
