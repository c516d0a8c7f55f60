"""Distributions for the tests of `lamina weigh`: weights, and graphs of them, without wheels."""

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement

from lamina.weigh.graph import Graph, make_graph
from lamina.weigh.kinds import Kind
from lamina.weigh.weight import Portion, Weight

LINUX = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.2",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.11.2",
    "platform_python_implementation": "CPython",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def weight(
    name: str, size: int = 1, *requires: str, version: str = "1.0", **facts: object
) -> Weight:
    """Make a distribution of one file, whose module has its name."""
    modules = (name.replace("-", "_"),)
    return Weight(
        name=name,
        version=version,
        portions={Kind.CODE: Portion(1, size)},
        requires=requires,
        **{"modules": modules, **facts},  # type: ignore[arg-type] # each has its own type
    )


def named(*weights: Weight) -> Mapping[str, Weight]:
    return {one.name: one for one in weights}


def graph(weights: Mapping[str, Weight], direct: Iterable[str]) -> Graph:
    return make_graph(weights.values(), [Requirement(text) for text in direct], LINUX)
