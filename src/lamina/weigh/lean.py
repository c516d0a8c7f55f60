"""Lean: what each line of a diet takes off distributions, by the names of their files; pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from lamina.layer.venv import Venv
from lamina.plan.diet import LINES, Line, Policy
from lamina.project.diet_settings import Diet
from lamina.weigh.files import InstalledFile
from lamina.weigh.weight import NOTHING, Portion, Weight

_EVERYTHING: Final = Policy(
    Diet(
        tests=True,
        stubs=True,
        headers=True,
        static_libraries=True,
        sources=True,
        source_maps=True,
        notebooks=True,
        locales=(),
    )
)


def lean_portions(files: Iterable[InstalledFile], venv: Venv) -> dict[str, Portion]:
    """Add up what each line would leave out; lines without a file are left out themselves."""
    found: dict[str, Portion] = {}
    for file in files:
        inside = file.path.removeprefix(f"{venv.site_packages}/").removeprefix(f"{venv.root}/")
        if key := _EVERYTHING.line(inside):
            found[key] = found.get(key, NOTHING) + Portion(1, file.size)
    return found


def saved_by_line(weights: Iterable[Weight]) -> Mapping[Line, Portion]:
    """Say what each line saves of several distributions, heaviest first.

    Lines that names do not tell are not among them: symbols, and what the project names itself.
    """
    lines = {line.key: line for line in LINES}
    found: dict[str, Portion] = {}
    for weight in weights:
        for key, portion in weight.lean.items():
            found[key] = found.get(key, NOTHING) + portion
    heaviest = sorted(found.items(), key=lambda item: (-item[1].size, item[0]))
    return {lines[key]: portion for key, portion in heaviest}
