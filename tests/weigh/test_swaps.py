"""An alternative is proposed with what it really saves, or with the reason why it cannot be had."""

import hashlib
from pathlib import Path

import pytest

from lamina.errors import LockError, NetworkError
from lamina.layer.zip_directory import LocalFile, Ranged
from lamina.lock.lock import Lock, LockedSdist, LockedWheel
from lamina.oci.digest import Digest
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.wheels import ToyWheel
from lamina.weigh.lookup import Lookup, known_alternatives
from lamina.weigh.survey import Scales
from lamina.weigh.swaps import Alternative, Swap, candidates, question, requirements_for
from tests.support.toys import VENV
from tests.weigh.weights import graph, named, weight

XGBOOST = Alternative(name="xgboost", instead="xgboost-cpu", loses="GPUs", source="docs")
TORCH = Alternative(
    name="torch", instead="torch", local="cpu", loses="GPUs", source="docs", index="elsewhere"
)
WEIGHTS = named(
    weight("xgboost", 400_000, "numpy", "nccl", version="2.0.2"),
    weight("nccl", 300_000),
    weight("numpy", 64_000),
    weight("pandas", 1_000, "numpy"),
)
GRAPH = graph(WEIGHTS, ["xgboost", "pandas"])


class Index:
    """Answers for the index: what it has, as wheels in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.answers: dict[str, Lock] = {}
        self.error: Exception = LockError("no solution")

    def has(
        self, requirement: str, *wheels: ToyWheel, sdists: tuple[LockedSdist, ...] = ()
    ) -> None:
        locked = [wheel.locked(self.folder) for wheel in wheels]
        kept = [_remote(name) for name in ("numpy", "pandas")]
        self.answers[requirement] = Lock(wheels=(*locked, *kept), sdists=sdists)

    def resolve(self, text: str) -> Lock:
        self.asked.append(text)
        found = self.answers.get(text.splitlines()[-1])
        if found is None:
            raise self.error
        return found

    def open(self, wheel: LockedWheel, _: Step) -> Ranged:
        return LocalFile(self.folder / wheel.filename)


def _remote(name: str) -> LockedWheel:
    """Name a wheel that is not opened, for its version is the one before."""
    digest = Digest(hashlib.sha256(name.encode()).hexdigest())
    return LockedWheel(name=name, version="1.0", filename="", digest=digest, size=1)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "wheels")


def look_up(index: Index, tmp_path: Path, alternative: Alternative = XGBOOST) -> Swap:
    scales = Scales(opener=index, store=Store.open(tmp_path / "store"), venv=VENV, workers=2)
    lookup = Lookup(
        graph=GRAPH,
        weights=WEIGHTS,
        pins={"xgboost": "2.0.2", "nccl": "1.0", "numpy": "1.0", "pandas": "1.0"},
        resolve=index.resolve,
        scales=scales,
        options=("--pre",),
    )
    swap, _ = lookup.look_up(alternative, silent_step())
    return swap


def cpu(version: str = "2.0.2", *, module: str = "xgboost") -> ToyWheel:
    return ToyWheel(name="xgboost-cpu", version=version, files={f"{module}.py": b"x" * 5_000})


def test_the_saving_counts_what_leaves_and_what_comes(index: Index, tmp_path: Path) -> None:
    index.has("xgboost-cpu==2.0.2", cpu())

    swap = look_up(index, tmp_path)

    assert swap.requirement == "xgboost-cpu==2.0.2"
    assert swap.is_same_version
    assert swap.is_drop_in
    assert 690_000 < swap.saved.size < 695_000
    assert (swap.left, swap.came) == (("nccl", "xgboost"), ("xgboost-cpu",))


def test_all_else_is_asked_for_as_it_is(index: Index, tmp_path: Path) -> None:
    """What only the heavy one brings is not asked for, nor is the heavy one."""
    index.has("xgboost-cpu==2.0.2", cpu())

    look_up(index, tmp_path)

    assert index.asked == ["--pre\nnumpy==1.0\npandas==1.0\nxgboost-cpu==2.0.2\n"]


def test_another_version_is_told_as_such(index: Index, tmp_path: Path) -> None:
    index.has("xgboost-cpu>=2.0.2,<3", cpu("2.1.4"))

    swap = look_up(index, tmp_path)

    assert swap.requirement == "xgboost-cpu==2.1.4"
    assert swap.is_lighter
    assert not swap.is_same_version


def test_lost_modules_make_it_no_drop_in(index: Index, tmp_path: Path) -> None:
    index.has("xgboost-cpu==2.0.2", cpu(module="other"))

    swap = look_up(index, tmp_path)

    assert swap.lost_modules == ("xgboost",)
    assert not swap.is_drop_in


def test_one_that_others_require_itself_cannot_be_replaced(index: Index, tmp_path: Path) -> None:
    old = ToyWheel(name="xgboost", version="2.0.2")
    index.has("xgboost-cpu==2.0.2", cpu(), old)

    swap = look_up(index, tmp_path)

    assert swap.problem == "another distribution requires xgboost itself"
    assert not swap.is_lighter


def test_what_no_index_has_is_no_proposal(index: Index, tmp_path: Path) -> None:
    swap = look_up(index, tmp_path)

    assert not swap.is_lighter
    assert swap.problem.startswith("your indexes have no version of it")


def test_what_would_have_to_be_compiled_is_no_proposal(index: Index, tmp_path: Path) -> None:
    sdist = LockedSdist(
        name="a", version="1", filename="a-1.tar.gz", digest=Digest("0" * 64), size=1
    )
    index.has("xgboost-cpu==2.0.2", cpu(), sdists=(sdist,))

    assert look_up(index, tmp_path).problem.startswith("your indexes have no version")


def test_an_index_that_is_away_does_not_spoil_the_rest(index: Index, tmp_path: Path) -> None:
    index.error = NetworkError("the package index cannot be reached")

    assert look_up(index, tmp_path).problem == "the package index cannot be reached"


def test_another_build_of_the_same_version_is_asked_for_alone() -> None:
    assert requirements_for(TORCH, "2.9.1+cu128") == ("torch==2.9.1+cpu",)


def test_another_name_helps_only_where_the_project_names_it() -> None:
    weights = named(weight("fastai", 1, "torch", "xgboost"), weight("torch"), weight("xgboost"))
    found = graph(weights, ["fastai"])

    chosen = candidates([XGBOOST, TORCH], found, architecture="amd64")

    assert chosen == (TORCH,)


def test_an_alternative_is_for_its_platforms() -> None:
    only = Alternative(
        name="xgboost", instead="xgboost-cpu", loses="", source="", architectures=("amd64",)
    )

    assert candidates([only], GRAPH, architecture="arm64") == ()
    assert candidates([only], GRAPH, architecture="amd64") == (only,)


def test_another_build_leaves_the_pin_of_the_old_one_out() -> None:
    weights = named(weight("torch", 9, "nccl"), weight("nccl"), weight("torchvision", 1, "torch"))
    found = graph(weights, ["torch", "torchvision"])

    text = question(
        TORCH, "torch==1.0+cpu", found, {"torch": "1.0", "nccl": "1.0", "torchvision": "1.0"}
    )

    assert "torch==1.0\n" not in text
    assert "torchvision==1.0\n" in text


def test_the_list_that_comes_along_is_complete() -> None:
    found = known_alternatives()

    assert {"xgboost", "opencv-python", "tensorflow", "torch", "onnxruntime-gpu", "psycopg2"} <= {
        alternative.name for alternative in found
    }
    assert all(a.source.startswith("https://") and a.loses for a in found)
    assert all(a.name != a.instead or a.local for a in found)
