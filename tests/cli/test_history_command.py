"""`lamina build` is recorded, and `lamina history` shows it."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lamina.errors import StoreError
from lamina.history.database import History, open_history
from lamina.history.document import record_to_text
from lamina.history.record import BuildOutcome, StepKind
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.history.builds import build as made_build
from tests.history.builds import step
from tests.support import toys
from tests.support.toys import Outcome

BIG = ToyWheel(name="big", files={"big.bin": bytes(range(256)) * 4000})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = locked_project(
        tmp_path / "project", [ToyWheel(), BIG], settings='exclude = ["*.toml"]'
    )
    (folder / "serve.py").write_text("print('served')\n")
    return folder


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))
    return tmp_path / "history.db"


def lamina(project: Path, *words: str | Path) -> Outcome:
    return toys.lamina(*words, store=project.parent / "store")


def build(project: Path, *words: str | Path) -> Outcome:
    done = lamina(project, "build", project, *words)
    assert done.code == 0, done.err
    return done


def listed(project: Path, *words: str) -> list[dict[str, Any]]:
    done = lamina(project, "history", "--format", "json", *words)
    assert done.code == 0, done.err
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


def shown(project: Path, *words: str) -> dict[str, Any]:
    done = lamina(project, "history", "show", *words, "--format", "json")
    assert done.code == 0, done.err
    record: dict[str, Any] = json.loads(done.out)
    return record


def test_two_equal_builds_are_a_miss_and_a_hit(project: Path) -> None:
    first = build(project, "-t", "toy:1")
    build(project, "-t", "toy:1")

    warm, cold = listed(project)
    assert (cold["time_hit"], cold["step_hit"], cold["reuse"]) == (0, 0, None)
    assert (warm["time_hit"], warm["step_hit"], warm["reuse"]) == (1, 1, 1)
    assert (warm["pull_bytes"], warm["fetched_bytes"]) == (0, 0)
    assert warm["saved_seconds"] > 0
    assert cold["digest"] == warm["digest"] == first.out.strip()
    assert cold["pull_bytes"] == cold["image_bytes"] == warm["image_bytes"] > 0
    assert cold["names"] == ["toy:1"]
    assert cold["outcome"] == "done"


def test_one_changed_file_misses_one_layer(project: Path) -> None:
    build(project, "-t", "toy")
    (project / "serve.py").write_text("print('served twice')\n")
    build(project, "-t", "toy")

    record = shown(project)

    made = [layer for layer in record["layers"] if not layer.get("cached")]
    assert [(layer["component"], layer["part"]) for layer in made] == [("application", "files")]
    assert record["metrics"]["first_miss"]["chain"] == [made[0]["step"]]
    assert record["metrics"]["pull_bytes"] == made[0]["size"]
    assert 0 < record["metrics"]["time_hit"] < 1


def test_what_the_metadata_of_the_build_says_is_what_the_history_says(
    project: Path, tmp_path: Path
) -> None:
    """Every layer of the image's manifest is in the record, in its order, with its bytes."""
    build(project, "-o", f"oci:{tmp_path}/out")

    record = shown(project)

    layers = toys.manifest(tmp_path / "out")["layers"]
    assert [(x["digest"], x["size"]) for x in record["layers"]] == [
        (row["digest"], row["size"]) for row in layers
    ]
    assert record["images"][0]["size"] == sum(row["size"] for row in layers)
    assert record["publications"][0]["destination"] == f"oci:{tmp_path}/out"


def test_a_push_is_recorded_with_what_it_moved(project: Path) -> None:
    with InMemoryRegistry() as registry:
        name = f"{registry.address}/team/toy:1"
        build(project, "-t", name, "--push")
        (project / "serve.py").write_text("print('served twice')\n")
        build(project, "-t", name, "--push")

    after, before = listed(project)
    record = shown(project)
    moved = {"uploaded": 0, "present": 0}
    for transfer in record["transfers"]:
        moved[transfer["how"]] += transfer["size"]
    assert before["pushed_bytes"] > before["image_bytes"]  # the config as well
    assert moved["present"] > 0
    assert after["pushed_bytes"] == moved["uploaded"] < before["pushed_bytes"]
    assert "push" in record["phases"]


def test_a_build_that_is_recorded_loads_no_database(project: Path, history: Path) -> None:
    """Its events are lines in a file: a database and a record's classes take longer to load.

    Nor does it load what talks to servers.
    """
    words = ["build", str(project), "-t", "toy"]
    code = (
        f"import os; os.environ['LAMINA_STORE'] = {str(project.parent / 'store')!r}\n"
        f"from lamina.cli.app import main; assert main({words!r}) == 0\n"
        "import sys; print(*sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    modules = set(done.stdout.split())
    heavy = {"sqlite3", "sqlalchemy", "lamina.history.record", "lamina.history.database"}
    heavy |= {"http.client", "ssl", "urllib3"}
    assert "lamina.observers.recorder" in modules
    assert not heavy & modules
    assert len(list(Path(f"{history}.spool").iterdir())) == 1


def test_a_failed_build_is_recorded_with_its_reason(project: Path) -> None:
    for wheel in (project.parent / "wheels").iterdir():
        wheel.write_bytes(b"nothing")

    done = lamina(project, "build", project, "-t", "toy")

    record = shown(project)
    assert done.code == 3
    assert record["outcome"] == "failed"
    assert record["error"] in done.err.replace("\n  in: ", ": ") or record["error"]
    assert [s["outcome"] for s in record["steps"] if s["name"].startswith("build ")] == ["failed"]


def test_a_plan_is_no_build(project: Path) -> None:
    assert lamina(project, "plan", project).code == 0

    assert listed(project) == []


def test_a_history_that_is_off_is_not_written(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", "off")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    build(project, "-t", "toy")

    done = lamina(project, "history")

    assert done.code == 2
    assert "error: there is no history" in done.err
    assert not (tmp_path / "state").exists()


def test_the_history_is_in_the_users_state_folder(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAMINA_HISTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    build(project, "-t", "toy")

    assert len(listed(project)) == 1
    assert (tmp_path / "state" / "lamina" / "history.db").exists()


def test_the_commit_and_the_ci_system_are_recorded(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GITHUB_ACTIONS": "true", "GITHUB_SHA": "c0ffee", "GITHUB_REF_NAME": "main",
        "GITHUB_HEAD_REF": "",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    build(project, "-t", "toy")

    (row,) = listed(project, "--branch", "main")
    assert (row["ci"], row["revision"], row["branch"]) == ("github", "c0ffee", "main")
    assert listed(project, "--branch", "other") == []


def test_builds_are_listed_as_a_table_newest_first(project: Path) -> None:
    build(project, "-t", "toy:1")
    build(project, "-t", "toy:2", "-t", "other")

    head, second, first = lamina(project, "history").out.splitlines()

    assert head.split() == [
        "BUILD", "STARTED", "SECONDS", "OUTCOME", "IMAGE", "SIZE", "PULL", "HITS", "SAVED",
        "REUSED",
    ]  # fmt: skip
    assert "toy:2 +1" in second
    assert "100 %" in second
    assert "toy:1" in first
    assert len({len(head), len(second)}) == 1


def test_builds_are_selected_by_image_and_number(project: Path) -> None:
    for name in ("toy:1", "toy:2", "other"):
        build(project, "-t", name)

    assert [row["names"] for row in listed(project, "--image", "toy")] == [["toy:2"], ["toy:1"]]
    assert [row["names"] for row in listed(project, "--image", "toy:1")] == [["toy:1"]]
    assert [row["names"] for row in listed(project, "--limit", "1")] == [["other:latest"]]
    assert len(listed(project, "--since", "1h")) == 3
    assert len(listed(project, "--since", "2000-01-01")) == 3
    assert listed(project, "--since", "2999-01-01") == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--since", "yesterday"), "--since is 'yesterday'"),
        (("--since", "1960-01-01"), ""),
        (("--since", "0001-01-01"), "--since is"),
        (("--limit", "-1"), "--limit is -1"),
        (("show", "nothing"), "no build is called 'nothing'"),
        (("show", "last"), "there is no last build"),
        (("show", "\udcff%"), "no build is called"),
        (("--project", "\udcff"), ""),
    ],
)
def test_what_cannot_be_is_said_to_be_so(
    project: Path, words: tuple[str, ...], message: str
) -> None:
    done = lamina(project, "history", *words)

    assert done.code == (2 if message else 0)
    assert message in done.err
    assert "internal error" not in done.err


def test_an_empty_history_says_so_to_people_only(project: Path) -> None:
    done = lamina(project, "history")

    assert (done.out, done.err) == ("", "no builds\n")


def test_a_build_is_shown_with_its_steps_as_a_tree(project: Path) -> None:
    build(project, "-t", "toy")
    row = listed(project)[0]

    text = lamina(project, "history", "show", row["id"][:6]).out

    lines = [line.split(" s  ")[-1] for line in text.splitlines()]
    assert text.startswith(f"build {row['id']}  done  ")
    at = lines.index("build linux/amd64") if "build linux/amd64" in lines else 0
    assert any(line == "  layer files" for line in lines[at:])
    assert "  made" in text
    assert "application" in text
    assert f"  digest    {row['digest']}" in text
    assert "hits      0 % of the time" in text
    assert "miss      layer" in text


def test_the_ledger_of_the_cache_is_shown(project: Path, history: Path) -> None:
    steps = (
        step("manifest", 2.1, kind=StepKind.CACHE_IMPORT), step("deps", 0.0, cached=True),
        step("cache", 19.9, kind=StepKind.CACHE_EXPORT),
    )  # fmt: skip
    with open_history(str(history)) as database:
        database.add([made_build("aa", 1.0, steps=(step("deps", 140.9),), seconds=140.9)])
        database.add([made_build("bb", 2.0, steps=steps, seconds=22.0)])

    text = lamina(project, "history", "show", "bb").out
    metrics = shown(project, "bb")["metrics"]

    assert "cache     earned 140.9 s \u2212 import 2.1 s \u2212 export 19.9 s = 118.9 s\n" in text
    assert "sooner    118.9 s than if all steps had run" in text
    assert metrics["ledger"] == {
        "earned": pytest.approx(140.9), "imported": 2.1, "fetched": 0, "exported": 19.9,
    }  # fmt: skip
    assert metrics["wall_saved_seconds"] == pytest.approx(140.9 - 22.0)
    assert "cache  " not in lamina(project, "history", "show", "aa").out


def test_the_last_build_is_that_of_the_project_in_this_folder(
    project: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of anything where the project has none yet, which is said."""
    monkeypatch.chdir(project)
    with open_history(str(history)) as database:
        database.add([made_build("aa", 1.0, project="other")])
    before = lamina(project, "history", "show")
    build(project, "-t", "toy")
    with open_history(str(history)) as database:
        database.add([made_build("bb", 1e12, project="other")])

    after = lamina(project, "history", "show")

    assert before.out.startswith("build aa  ")
    assert before.err.startswith("note: no build of this folder is recorded")
    assert after.out.startswith(f"build {listed(project)[1]['id']}  ")
    assert after.err == ""
    assert lamina(project, "history", "show", "bb").code == 0
    assert "there is no previous build" in lamina(project, "history", "show", "previous").err


def test_old_builds_leave_the_history(project: Path, history: Path) -> None:
    day, today = 86_400.0, time.time()
    with open_history(str(history)) as database:
        database.add(made_build(f"b{n:02}", today - n * day) for n in range(1, 11))

    dry = lamina(project, "history", "prune", "--keep", "4d", "--dry-run")
    assert len(listed(project, "--limit", "0")) == 10
    done = lamina(project, "history", "prune", "--keep", "4d")
    again = lamina(project, "history", "prune", "--keep", "4d")
    number = lamina(project, "history", "prune", "--keep", "2", "--format", "json")

    moment = datetime.fromtimestamp(today - 4 * day, UTC)
    what = f"7 of 10 builds, until {moment:%Y-%m-%d %H:%M} UTC; the history had "
    assert dry.out.startswith("would remove 7 of 10 builds, until ")
    assert done.out.startswith(f"removed {what}")
    assert again.out == "nothing is removed of 3 builds\n"
    figures = json.loads(number.out)
    assert (figures["removed"], figures["kept"], figures["is_dry_run"]) == (1, 2, False)
    assert figures["bytes_after"] <= figures["bytes_before"]
    assert [row["id"] for row in listed(project)] == ["b01", "b02"]


@pytest.mark.parametrize("keep", ["0", "0d", "-1", "x", "90m", "", "9999999d", "1e3"])
def test_what_is_kept_has_to_be_said_clearly(project: Path, history: Path, keep: str) -> None:
    with open_history(str(history)) as database:
        database.add([made_build("aa", 1.0)])

    with pytest.raises(SystemExit) as ended:
        lamina(project, "history", "prune", f"--keep={keep}")

    assert ended.value.code == 2
    assert len(listed(project)) == 1


def test_a_history_that_cannot_be_made_smaller_is_pruned_all_the_same(
    project: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(History, "compact", refuse)
    with open_history(str(history)) as database:
        database.add([made_build("aa", 1.0), made_build("bb", 2.0)])

    done = lamina(project, "history", "prune", "--keep", "1")

    assert (done.code, len(listed(project))) == (0, 1)
    assert done.err == "warning: the builds are gone, but not their room: the disk is full\n"


def test_foreign_text_cannot_steer_the_terminal(project: Path, history: Path) -> None:
    escape = "\x1b[2J\u202e"
    with open_history(str(history)) as database:
        database.add(
            [
                made_build(
                    "aa", 1e12, project=escape, names=(escape,), error=escape, branch=escape,
                    warnings=(escape,), outcome=BuildOutcome.FAILED,
                )
            ]
        )  # fmt: skip

    text = lamina(project, "history").out + lamina(project, "history", "show", "aa").out

    assert not {"\x1b", "\u202e"} & set(text)
    assert "?" in text  # a time beyond the calendar


def test_a_file_that_cannot_be_read_leaves_the_others(project: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    good.write_text(record_to_text(made_build("aa", 5.0)) + "\n")

    done = lamina(project, "history", "import", tmp_path / "none.log", tmp_path, good)

    assert done.code == 0
    assert done.out == "imported 1 builds\n"
    assert done.err.count("cannot read") == 2
    assert f"warning: {tmp_path / 'none.log'}: cannot read: No such file" in done.err


def test_an_id_that_no_database_takes_is_not_imported(project: Path, tmp_path: Path) -> None:
    export = tmp_path / "export.jsonl"
    bad = '{"schema":1,"id":"\\udc80","started":5}'
    export.write_text(f"{bad}\n{record_to_text(made_build('aa', 5.0))}\n")

    done = lamina(project, "history", "import", export)

    assert (done.code, done.out) == (0, "imported 1 builds\n")
    assert "no build's id" in done.err
