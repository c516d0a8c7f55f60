"""A Dockerfile's side: which commands are run, and what is left of their images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from lamina.bench.docker import DockerSide
from lamina.bench.workspace import Workspace
from lamina.errors import ToolError
from lamina.project.ignore import IgnoreRules, read_patterns

REPOSITORY = "registry.example.com/shop"


class Engine:
    """Keeps names of images as an engine does; ``broken`` is the command that fails."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.images: set[str] = set()
        self.builds: list[Sequence[str]] = []
        self.pruned_at: int | None = None

    def __call__(self, command: Sequence[str], _: Mapping[str, str]) -> float:
        words = command[1:]
        if words[0] == self.broken:
            raise ToolError("no")
        if words[0] == "builder":
            self.pruned_at = len(self.builds)
            assert self.images == set()  # an image would keep its steps
        if words[0] == "build":
            self.builds.append(words)
            self.images |= {name for at, name in enumerate(words) if words[at - 1] == "-t"}
        if words[:2] == ["image", "rm"]:
            self.images.remove(words[2])
        return 1.0


def rounds(engine: Engine, folder: Path, *, may_prune: bool = False) -> list[float]:
    (folder / "app.py").write_text("")
    side = DockerSide(
        program="docker",
        environment={},
        dockerfile=folder / "Dockerfile",
        name="measured",
        time=engine,
        repository=REPOSITORY,
        words=["--network=host"],
        beside={"lock.txt": "idna==3.10\n"},
        may_prune=may_prune,
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


def test_the_registrys_cache_counts_only_where_the_engine_has_none(tmp_path: Path) -> None:
    engine = Engine()

    seconds = rounds(engine, tmp_path, may_prune=True)

    assert seconds == [1.0, 1.0, 2.0, 2.0]
    assert engine.pruned_at == 4  # after the build that fills the registry's cache
    fill, last = engine.builds[3:]
    assert all("BUILDKIT_INLINE_CACHE=1" in words for words in (fill, last))
    assert last[last.index("--cache-from") + 1] == f"{REPOSITORY}:dockerfile"
    assert "--no-cache" not in last


def test_nobody_loses_a_cache_without_being_asked(tmp_path: Path) -> None:
    engine = Engine()
    rounds(engine, tmp_path)

    assert engine.pruned_at is None
    assert engine.builds[2][engine.builds[2].index("-t", 7) + 1] != f"{REPOSITORY}:dockerfile"


def test_a_file_beside_is_in_the_context_whatever_is_ignored(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*.txt")

    rounds(Engine(), tmp_path)

    assert (tmp_path / "lock.txt").read_text() == "idna==3.10\n"
    assert not IgnoreRules(read_patterns((tmp_path / ".dockerignore").read_text())).ignores(
        "lock.txt"
    )


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
