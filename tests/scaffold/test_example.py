"""The example has what `lamina init` writes, and the top of the repository leads there."""

import subprocess

from lamina.project.detect.snapshot import take_snapshot
from lamina.scaffold.draft import Action
from lamina.scaffold.marker import Origin, origin
from lamina.scaffold.scaffold import Facts, scaffold
from lamina.scaffold.wanted import find_wanted
from tests.support.tools import EXAMPLE, ROOT

_WRITTEN = (".dockerignore", "Makefile", "docker/Dockerfile", "scripts/build.sh",
            "scripts/build-prod.sh")  # fmt: skip


def test_its_files_are_as_they_were_written() -> None:
    """What its Dockerfile should say needs an index, and is looked at by tests/interop."""
    existing = {name: (EXAMPLE / name).read_text(encoding="utf-8") for name in _WRITTEN}

    wanted = find_wanted(take_snapshot(EXAMPLE))
    changes = scaffold(Facts(name="aml-agent", wanted=wanted), existing, is_forced=False)

    assert {change.path: change.action for change in changes} == dict.fromkeys(
        [name for name in _WRITTEN if name != "docker/Dockerfile"], Action.SAME
    )
    assert origin(existing["docker/Dockerfile"]) is Origin.WRITTEN
    assert (EXAMPLE / "scripts/build.sh").stat().st_mode & 0o111


def test_the_commands_work_from_the_top_of_the_repository() -> None:
    """As in the example, with the Lamina of the development environment."""
    for target in ("docker-build", "docker-build-prod", "docker-build-fast", "docker-layers",
                   "docker-size"):  # fmt: skip
        done = subprocess.run(
            ["make", "-n", target], cwd=ROOT, check=True, capture_output=True, text=True
        )
        assert f"-C examples/aml-agent LAMINA={ROOT}/.venv/bin/lamina {target}" in done.stdout
