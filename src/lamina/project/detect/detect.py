"""Detect: from the files of a project to everything that `lamina init` needs to know; pure."""

from dataclasses import dataclass

from lamina.project.detect.code import read_code
from lamina.project.detect.dependencies import Dependencies, find_dependencies
from lamina.project.detect.guess import Guess
from lamina.project.detect.layout import Layout, find_layout
from lamina.project.detect.python import find_base, find_python
from lamina.project.detect.service import Program, Service, find_service
from lamina.project.detect.snapshot import Snapshot
from lamina.project.detect.system import find_system_packages, system_advice
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


def detect(snapshot: Snapshot) -> Detected:
    """Guess everything, each from what was guessed before it."""
    dependencies = find_dependencies(snapshot)
    layout = find_layout(snapshot)
    codes = tuple(read_code(snapshot.text(path), path=path) for path in snapshot.modules)
    program = Program(snapshot=snapshot, dependencies=dependencies, layout=layout, codes=codes)
    service = find_service(program)
    python = find_python(snapshot)
    return Detected(
        layout=layout,
        python=python,
        base=find_base(python.value),
        dependencies=dependencies,
        service=service,
        system_packages=find_system_packages(dependencies, codes),
        split=split(program, service),
        advice=(*service.advice, *system_advice(dependencies, codes)),
    )
