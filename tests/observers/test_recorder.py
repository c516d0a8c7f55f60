"""The recorder notes a build line by line, keeps little in memory, and never fails it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from lamina.events import (
    Event,
    Outcome,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
)
from lamina.history.logins import hide_logins
from lamina.history.record import BuildOutcome
from lamina.history.spool import SpoolWriter
from lamina.history.spooled import record_of
from lamina.observers import recorder as recorder_module
from lamina.observers.recorder import Recorder
from lamina.steps import Step, broadcast


def start(folder: Path) -> Recorder:
    return Recorder(folder, "b1", {"engine": "native", "names": ["shop:1"]})


def file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file(folder).read_bytes().splitlines()]


def started(step: str, time: float, name: str = "") -> Event:
    return StepStarted(step=step, time=time, name=name)


def finished(step: str, time: float, outcome: Outcome = Outcome.DONE, error: str = "") -> Event:
    return StepFinished(step=step, time=time, outcome=outcome, error=error)


def test_what_a_build_said_is_on_disk_at_once(tmp_path: Path) -> None:
    """So a build that is killed now is not lost."""
    recorder = start(tmp_path)
    recorder(started("0", 100))
    recorder(started("0.0", 101, "plan linux/amd64"))

    record = record_of(file(tmp_path).read_bytes())

    assert record is not None
    assert (record.id, record.engine, record.names) == ("b1", "native", ("shop:1",))
    assert (record.outcome, record.seconds) == (BuildOutcome.INTERRUPTED, 1)
    assert [step.name for step in record.steps] == ["plan linux/amd64"]


def test_a_build_is_recorded_from_steps(tmp_path: Path) -> None:
    times = iter(range(100, 200))
    recorder = start(tmp_path)
    with (
        Step("", broadcast((recorder,)), lambda: float(next(times))) as root,
        root.child("check") as check,
    ):
        check.warn("old")
    recorder.close()

    record = record_of(file(tmp_path).read_bytes())

    assert record is not None
    assert (record.started, record.seconds, record.outcome) == (100, 4, BuildOutcome.DONE)
    assert record.steps[0].warnings == ("old",)
    assert (recorder.seconds, recorder.problem) == (4, "")


def test_of_progress_only_the_last_word_is_noted(tmp_path: Path) -> None:
    recorder = start(tmp_path)
    for done in range(1000):
        recorder(StepProgressed(step="0.1", time=1, current=done, total=999))
    recorder(finished("0.1", 2))

    assert [row.get("current") for row in lines(tmp_path)[1:]] == [999, None]


def test_of_output_only_the_end_is_noted_and_only_of_a_step_that_fails(tmp_path: Path) -> None:
    recorder = start(tmp_path)
    for step in ("0.1", "0.2"):
        for number in range(60):
            recorder(StepLogged(step=step, time=1, line=f"{step} line {number}"))
    recorder(finished("0.1", 2))
    recorder(finished("0.2", 2, Outcome.FAILED, "broken"))

    noted = [row["line"] for row in lines(tmp_path) if "line" in row]
    assert noted == [f"0.2 line {number}" for number in range(10, 60)]


def test_no_text_is_longer_than_a_reader_bears(tmp_path: Path) -> None:
    recorder = start(tmp_path)
    recorder(started("0.1", 1, "x" * 100_000))
    recorder(StepWarned(step="0.1", time=1, text="x" * 100_000))
    recorder(StepLogged(step="0.1", time=1, line="x" * 100_000))
    recorder(finished("0.1", 2, Outcome.FAILED, "x" * 100_000))

    assert max(len(line) for line in file(tmp_path).read_text().splitlines()) < 4200


def test_a_build_that_never_stops_talking_is_cut_and_still_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "_MOST_EVENTS", 10)
    recorder = start(tmp_path)
    recorder(started("0", 0))
    for number in range(100):
        recorder(started(f"0.{number}", 1, "layer"))
    recorder(finished("0", 9))

    rows = lines(tmp_path)
    assert len(rows) == 12
    assert rows[-1] == {
        "event": "StepFinished", "step": "0", "time": 9, "outcome": "done", "error": "",
    }  # fmt: skip


@pytest.mark.parametrize("password", ["hunter2", "p@ss/../w", "s:e:c@r@et", "p\u00e4ss"])
def test_logins_in_addresses_are_not_noted(tmp_path: Path, password: str) -> None:
    password = password.replace("/../", "")
    recorder = start(tmp_path)
    url = f"https://me:{password}@index.example.org/simple/"
    recorder(StepWarned(step="0.1", time=1, text=f"cannot reach {url}, trying again"))
    recorder(finished("0.1", 2, Outcome.FAILED, f"{url}: 401"))

    text = file(tmp_path).read_text()
    assert json.dumps(password)[1:-1] not in text
    assert "https://index.example.org/simple/: 401" in text


def test_secrets_in_what_programs_say_are_not_noted(tmp_path: Path) -> None:
    token = "ghp_q7Rv2Xz9Lm4Ks8Tn1Wb6Yc3Fd5Gh0JpAeUoX"
    recorder = start(tmp_path)
    recorder(StepLogged(step="0.1", time=1, line=f"cloning with {token}"))
    recorder(StepLogged(step="0.1", time=1, line="DB_PASSWORD=Xy7Kq2Vb9"))
    recorder(StepWarned(step="0.1", time=1, text=f"{token} is refused"))
    recorder(finished("0.1", 2, Outcome.FAILED, f"cannot clone: {token}"))

    text = file(tmp_path).read_text()
    assert [row["line"][:13] for row in lines(tmp_path) if "line" in row] == [
        "cloning with ", "DB_PASSWORD=h",
    ]  # fmt: skip
    assert token not in text
    assert "Xy7Kq2Vb9" not in text


def test_long_text_without_a_login_takes_no_time() -> None:
    text = "a" * 200_000 + "@"
    began = time.perf_counter()

    assert hide_logins(text) == text
    assert time.perf_counter() - began < 1


def test_a_folder_that_refuses_is_a_problem_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    recorder = start(tmp_path / "file" / "spool")
    recorder(started("0", 1))
    recorder.close()

    assert recorder.problem.startswith("this build is not recorded: Not a directory")


def test_half_a_build_does_not_pass_for_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full in the middle leaves no file, and one reason."""
    recorder = start(tmp_path)
    recorder(started("0", 1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SpoolWriter, "write", full)
    recorder(started("0.0", 2))
    recorder(started("0.1", 3))
    recorder.close()

    assert recorder.problem == "this build is not recorded: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_no_unicode_is_noted(tmp_path: Path) -> None:
    recorder = start(tmp_path)
    recorder(started("0.0", 1, "wheel of caf\udce9"))

    record = record_of(file(tmp_path).read_bytes())

    assert record is not None
    assert record.steps[0].name == "wheel of caf\udce9"
