"""What an edit would run again, before it is made."""

from pathlib import Path

from lamina.explain.fingerprint import Fingerprint, fingerprint_from_json
from lamina.explain.git_log import Changes, read_log
from lamina.explain.what_if import Oracle
from lamina.explain.what_if_native import layer_forecast
from lamina.history.record import BuildRecord, LayerRecord, StepKind, StepRecord
from lamina.plan.component import Component
from tests.explain.builds import build, project

_TWO_STAGES = """\
FROM base AS deps
COPY requirements.txt .
RUN pip install -r requirements.txt
FROM base
COPY --from=deps /venv /venv
COPY src src
ARG GIT_SHA
RUN make
"""


def _oracle(folder: Path, dockerfile: str) -> Oracle:
    project(folder, dockerfile)
    (folder / "src").mkdir()
    (folder / "src/a.py").write_text("a")
    record = build(folder, ran="COPY\nRUN")
    return Oracle(_fingerprint(record), record)


def _fingerprint(record: BuildRecord) -> Fingerprint:
    found = fingerprint_from_json(record.fingerprint)
    assert found is not None
    return found


def test_an_edit_runs_what_takes_the_file_and_what_follows(tmp_path: Path) -> None:
    found = _oracle(tmp_path, _TWO_STAGES).file("src/a.py")

    assert [(run.name, run.seconds, run.is_sure) for run in found.reruns] == [
        ("COPY src src", 1.0, True), ("RUN make", 1.0, True),
    ]  # fmt: skip
    assert (found.steps, found.seconds, found.note) == (5, 2.0, "")


def test_what_only_depends_on_bytes_is_not_sure(tmp_path: Path) -> None:
    found = _oracle(tmp_path, _TWO_STAGES).file("requirements.txt")

    assert [(run.name, run.is_sure) for run in found.reruns] == [
        ("COPY requirements.txt .", True),
        ("RUN pip install -r requirements.txt", True),
        ("COPY --from=deps /venv /venv", False),
        ("COPY src src", False),
        ("RUN make", False),
    ]
    assert (found.sure_seconds, found.seconds) == (61.0, 64.0)


def test_a_file_that_no_step_takes_runs_nothing(tmp_path: Path) -> None:
    found = _oracle(tmp_path, _TWO_STAGES).file("README.md")

    assert (found.reruns, found.seconds) == ((), 0.0)
    assert found.note == "no step takes it from the context"


def test_a_new_file_is_taken_as_well(tmp_path: Path) -> None:
    found = _oracle(tmp_path, _TWO_STAGES).file("src/new/b.py")

    assert [run.name for run in found.reruns] == ["COPY src src", "RUN make"]


def test_a_folder_is_all_of_its_files(tmp_path: Path) -> None:
    found = _oracle(tmp_path, _TWO_STAGES).file("./src/")

    assert [run.name for run in found.reruns] == ["COPY src src", "RUN make"]


def test_an_argument_runs_the_commands_after_it(tmp_path: Path) -> None:
    oracle = _oracle(tmp_path, _TWO_STAGES)

    assert [run.name for run in oracle.argument("GIT_SHA").reruns] == ["RUN make"]
    assert oracle.argument("NOBODY").note == "no step that is built comes after an ARG of this name"


def test_a_commit_changes_the_arguments_that_tell_it(tmp_path: Path) -> None:
    found = _oracle(tmp_path, _TWO_STAGES).commit(["GIT_SHA", "PYTHON"], "")

    assert found.change == "a new commit (ARG GIT_SHA)"
    assert [run.name for run in found.reruns] == ["RUN make"]


def test_a_commit_is_told_by_a_value_too(tmp_path: Path) -> None:
    project(tmp_path, "FROM a\nARG V\nRUN x\n")
    record = build(tmp_path, "--build-arg", "V=0123456", ran="RUN")

    found = Oracle(_fingerprint(record), record).commit(["V"], "0123456789")

    assert [run.name for run in found.reruns] == ["RUN x"]


def test_files_are_ranked_by_what_they_cost_by_commit(tmp_path: Path) -> None:
    rates = {"requirements.txt": 0.01, "src/a.py": 0.9}

    found = _oracle(tmp_path, _TWO_STAGES).files(lambda path: rates.get(path, 0.0))

    assert [forecast.change for forecast in found] == ["edit src/a.py", "edit requirements.txt"]
    assert round(found[0].expected, 3) == 1.8


def test_without_a_build_nobody_knows_the_seconds(tmp_path: Path) -> None:
    project(tmp_path)
    found = Oracle(_fingerprint(build(tmp_path))).file("README.md")

    assert found.reruns[0].name == "COPY . ."
    assert found.seconds is None


def test_git_remembers_how_often_a_file_changed() -> None:
    found = read_log(b"\0\x01\0\nsrc/a\0b\0\0\x01\0\nsrc/a\0")

    assert found == Changes(commits=2, counts={"src/a": 2, "b": 1})
    assert (found.rate("src/a"), found.rate("src"), found.rate("b"), found.rate("c")) == (
        1,
        1,
        0.5,
        0,
    )
    assert Changes(commits=0, counts={}).rate("a") == 0


def test_our_engine_makes_the_layer_again_that_holds_the_file() -> None:
    step = StepRecord(id="1", name="layer files", kind=StepKind.LAYER, text="files", seconds=2.0)
    files = LayerRecord(
        digest="e",
        size=1,
        part="files",
        component=Component.APPLICATION,
        step="1",
        platform="linux/amd64",
    )
    wheels = LayerRecord(digest="d", size=1, part="wheels", component=Component.DEPENDENCIES)
    environment = {"working directory": "/app"}
    parts = {
        "environment": environment,
        "files": {"app/conf/a.toml": "644 1 ab", "app/uv.lock": "644 1 cd"},
    }
    record = BuildRecord(
        id="b",
        started=1.0,
        engine="native",
        steps=(step,),
        layers=(wheels, files),
        fingerprint={
            "kind": "native",
            "format": 1,
            "platforms": {"linux/amd64": {"parts": parts}},
        },
    )

    assert [(r.name, r.is_sure) for r in layer_forecast(record, "conf/a.toml", {}).reruns] == [
        ("layer files", True)
    ]
    assert [(r.name, r.is_sure) for r in layer_forecast(record, "pylock.toml", {}).reruns] == [
        ("layer wheels", False)
    ]
    assert [(r.name, r.is_sure) for r in layer_forecast(record, "uv.lock", {}).reruns] == [
        ("layer files", True),
        ("layer wheels", False),
    ]
    assert layer_forecast(record, "notes.txt", {}).note == "no layer of the last build holds it"
