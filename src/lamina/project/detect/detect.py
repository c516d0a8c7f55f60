"""Detect: from the files of a project to everything that `lamina init` needs to know; pure."""

from dataclasses import dataclass
from typing import Final

from lamina.project.detect.code import read_code
from lamina.project.detect.dependencies import Dependencies, find_dependencies
from lamina.project.detect.guess import Guess
from lamina.project.detect.layout import Layout, find_layout
from lamina.project.detect.python import find_base, find_python
from lamina.project.detect.service import Program, Service, find_service
from lamina.project.detect.snapshot import Snapshot
from lamina.project.detect.system import find_system_packages, system_advice
from lamina.project.detect.told import Place, Told, packages_with_told, told_advice, with_told
from lamina.project.detect.unlisted import unlisted_advice
from lamina.project.detect.variants import Split, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What the files of a project let one believe."""

    layout: Layout
    python: Guess[str]
    base: Guess[str]
    dependencies: Dependencies
    service: Service
    system_packages: tuple[Guess[str], ...] = ()
    split: Split
    advice: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[tuple[str, str, str], ...]:
        """What was found: its name, its value, and why it is believed; for people."""
        found: list[tuple[str, Guess[str]]] = [
            ("python", self.python),
            ("base", self.base),
            ("layout", Guess(value=self.layout.kind.value, why=self.layout.kind.why)),
            ("dependencies", self.dependencies.file),
            ("framework", self.service.framework),
        ]
        rows = [(name, guess.value or "none", guess.why) for name, guess in found]
        entrypoint, port = self.service.entrypoint, self.service.port
        rows.append(("entry point", " ".join(entrypoint.value) or "none", entrypoint.why))
        rows.append(("port", str(port.value or "none"), port.why))
        health = self.service.healthcheck
        rows.append(("health path", health.value or "none", health.why))
        rows += [("system package", one.value, one.why) for one in self.system_packages]
        rows += [("in the image", " ".join(one.value), one.why) for one in self.split.included]
        rows += [("left out", " ".join(one.value), one.why) for one in self.split.left_out]
        rows += [("image variant", one.name, one.why) for one in self.split.variants]
        return tuple(rows)


_UNTOLD: Final = Told()


def detect(snapshot: Snapshot, told: Told = _UNTOLD) -> Detected:
    """Guess everything, each from what was guessed before it.

    ``told`` is what a Dockerfile of the project says.
    """
    dependencies = find_dependencies(snapshot)
    layout = find_layout(snapshot)
    codes = tuple(read_code(snapshot.text(path), path=path) for path in snapshot.modules)
    program = Program(snapshot=snapshot, dependencies=dependencies, layout=layout, codes=codes)
    place = Place(snapshot=snapshot, dependencies=dependencies, layout=layout)
    service = with_told(find_service(program), told, place)
    python = find_python(snapshot)
    return Detected(
        layout=layout,
        python=python,
        base=find_base(python.value),
        dependencies=dependencies,
        service=service,
        system_packages=packages_with_told(find_system_packages(dependencies, codes), told),
        split=split(program, service),
        advice=(
            *unlisted_advice(snapshot, dependencies, codes),
            *service.advice,
            *system_advice(dependencies, codes),
            *told_advice(service, told),
        ),
    )
