"""A Dockerfile's side: which commands are run, and what is left of their images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from lamina.bench.docker import DockerSide
from lamina.bench.workspace import Workspace
from lamina.errors import ToolError

REPOSITORY = "registry.example.com/shop"


class Engine:
    """Keeps names of images as an engine does; ``broken`` is the command that fails."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.images: set[str] = set()
        self.builds: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str], _: Mapping[str, str]) -> float:
        words = command[1:]
        if words[0] == self.broken:
            raise ToolError("no")
        if words[0] == "build":
            self.builds.append(words)
            self.images |= {name for at, name in enumerate(words) if words[at - 1] == "-t"}
        if words[:2] == ["image", "rm"]:
            self.images.remove(words[2])
        return 1.0


def rounds(engine: Engine, folder: Path) -> list[float]:
    (folder / "app.py").write_text("")
    side = DockerSide(
        program="docker",
        environment={},
        dockerfile=folder / "Dockerfile",
        name="measured",
        time=engine,
        repository=REPOSITORY,
        words=["--network=host"],
    )
    workspace = Workspace(directory=folder, module=folder / "app.py")
    try:
        return [seconds for _, seconds in side.rounds(workspace, 0)]
    finally:
        side.close()


def test_a_build_of_ci_takes_the_build_and_the_push(tmp_path: Path) -> None:
    assert rounds(Engine(), tmp_path) == [1.0, 1.0, 2.0]


def test_every_build_has_the_options_that_were_asked_for(tmp_path: Path) -> None:
    engine = Engine()
    rounds(engine, tmp_path)

    assert len(engine.builds) == 3
    assert all("--network=host" in words for words in engine.builds)
    assert ["--no-cache" in words for words in engine.builds] == [True, False, True]


@pytest.mark.parametrize("broken", ["", "push"])
def test_no_image_is_left(tmp_path: Path, broken: str) -> None:
    engine = Engine(broken)

    if broken:
        with pytest.raises(ToolError):
            rounds(engine, tmp_path)
    else:
        rounds(engine, tmp_path)

    assert engine.builds
    assert engine.images == set()
