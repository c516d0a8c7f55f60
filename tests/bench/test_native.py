"""Lamina's side: what a build finds in each scenario."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lamina.bench.comparison import Scenario
from lamina.bench.native import Native
from lamina.bench.workspace import Workspace


class Builds:
    """Notes of each build where it pushes to, and whether the machine had a store."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []

    def __call__(self, command: Sequence[str], environment: Mapping[str, str]) -> float:
        store = Path(environment["LAMINA_STORE"])
        name = command[command.index("-t") + 1] if "-t" in command else ""
        self.seen.append((name, store.exists()))
        store.mkdir(exist_ok=True)
        return 1.0


def rounds(folder: Path, count: int = 1) -> tuple[Builds, list[Scenario]]:
    builds, scenarios = Builds(), list[Scenario]()
    (folder / "app.py").write_text("")
    (folder / "lamina").mkdir()
    side = Native(
        program=["lamina"],
        environment={},
        folder=folder / "lamina",
        time=builds,
        repository="r.example/shop",
    )
    workspace = Workspace(directory=folder, module=folder / "app.py")
    for number in range(count):
        scenarios += [scenario for scenario, _ in side.rounds(workspace, number)]
    return builds, scenarios


def test_nothing_is_there_where_nothing_may_be(tmp_path: Path) -> None:
    builds, scenarios = rounds(tmp_path)

    assert scenarios == list(Scenario)
    clean, cached, empty, filling, kept = builds.seen
    assert (clean[1], cached[1], empty[1]) == (False, True, False)
    assert empty[0] != filling[0] == kept[0]
    assert kept[1] is False


def test_each_empty_repository_is_used_once(tmp_path: Path) -> None:
    builds, _ = rounds(tmp_path, 2)

    names = [name for name, _ in builds.seen]
    assert names.count(names[2]) == 1
    assert names[2] != names[7]
