"""`lamina stats` shows what is usual for each image, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from lamina.history.database import open_history
from lamina.history.record import StepKind
from tests.history.builds import build, step
from tests.support.past_builds import FIRST_BUILD, past_builds
from tests.support.toys import Outcome, lamina


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "history.db"
    monkeypatch.setenv("LAMINA_HISTORY", str(path))
    return path


def fill(history: Path, count: int, *images: str) -> None:
    with open_history(str(history)) as opened:
        opened.add(past_builds(count, images=images or ("agent",)))


def stats(history: Path, *words: str) -> Outcome:
    done = lamina("stats", *words, store=history.parent / "store")
    assert done.code == 0, done.err
    return done


def sections(history: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(stats(history, "--format", "json", *words).out)[
        "sections"
    ]
    return found


def test_an_image_has_its_figures_trends_and_slowest_steps(history: Path) -> None:
    fill(history, 30)

    text = stats(history).out

    assert text.startswith("30 builds of 1 image\n")
    for words in ("registry.example.com/agent", "Build time", "Hit rate, by time", "Saved by",
                  "Layer reuse", "Image size", "Steps that cost most", "catboost"):  # fmt: skip
        assert words in text


def test_several_images_have_an_overview_first(history: Path) -> None:
    fill(history, 30, "a", "b")

    found = sections(history)

    assert found[0]["key"] == "overview"
    assert [(row["image"], row["builds"]) for row in found[0]["images"]] == [
        ("registry.example.com/b", 15),
        ("registry.example.com/a", 15),
    ]
    assert [section["title"] for section in found[1:]] == [
        "registry.example.com/b",
        "registry.example.com/a",
    ]


def test_the_median_is_that_of_the_builds_that_succeeded(history: Path) -> None:
    fill(history, 31)
    with open_history(str(history)) as opened:
        builds = list(past_builds(31))
        done = sorted(b.seconds for b in builds if b.outcome == "done")
        assert len(done) < len(opened.rows(_all()))

    (section,) = sections(history)

    middle = len(done) // 2
    expected = done[middle] if len(done) % 2 else (done[middle - 1] + done[middle]) / 2
    assert section["seconds"]["median"] == pytest.approx(expected, abs=0.01)


def _all() -> Any:
    from lamina.history.query import Wanted  # noqa: PLC0415

    return Wanted()


def test_builds_can_be_selected(history: Path) -> None:
    fill(history, 30, "a", "b")
    since = "2026-09-22"

    assert len(sections(history, "--image", "registry.example.com/a")) == 1
    assert sections(history, "--branch", "other") == []
    assert sections(history, "--limit", "4")[0]["images"][0]["builds"] == 2
    assert FIRST_BUILD < 1_790_121_600 - 3600
    assert sections(history, "--since", since)[0]["images"][0]["builds"] < 15


def test_a_last_build_that_took_far_longer_is_an_alert_that_names_the_step(history: Path) -> None:
    fill(history, 60)
    slow = next(
        number
        for number, record in enumerate(past_builds(60))
        if number > 20 and record.seconds > 6 and record.outcome == "done"
    )
    history.unlink()
    fill(history, slow + 1)

    text = stats(history).out

    assert "! Build time: " in text
    assert "the median of the last 10 builds" in text
    assert "layer " in text.partition("! Build time: ")[2].partition("\n")[0]


def test_an_empty_history_has_no_figures_and_that_is_no_error(history: Path) -> None:
    done = stats(history)

    assert (done.out, done.err) == ("", "no builds\n")
    assert sections(history) == []


def test_what_the_cache_cost_is_taken_off_in_sight(history: Path) -> None:
    steps = (step("deps", 0.0, cached=True), step("cache", 20.0, kind=StepKind.CACHE_EXPORT))
    with open_history(str(history)) as opened:
        opened.add([build("aa", 1.0, steps=(step("deps", 140.0),), seconds=140.0)])
        opened.add([build("bb", 2.0, steps=steps, seconds=20.0)])

    text = stats(history).out

    assert "120 s of it in the last build: earned 140.0 s \u2212 export 20.0 s = 120.0 s" in text


def test_a_record_that_cannot_be_read_leaves_the_other_figures(history: Path) -> None:
    fill(history, 10)
    import sqlite3  # noqa: PLC0415 - to do damage

    connection = sqlite3.connect(history)
    with connection:
        connection.execute("UPDATE builds SET record = x'00'")
    connection.close()

    text = stats(history).out

    assert "Build time" in text
    assert "Steps that cost most" not in text


def test_without_a_history_there_is_nothing_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", "off")

    done = lamina("stats", store=tmp_path / "store")

    assert done.code == 2
    assert "there is no history" in done.err


@pytest.mark.parametrize("command", ["stats", "history"])
def test_a_limit_that_no_database_knows_is_a_usage_error(history: Path, command: str) -> None:
    done = lamina(command, "--limit", str(2**63), store=history.parent / "store")

    assert (done.code, "--limit is too large" in done.err) == (2, True)
    assert lamina(command, "--limit", str(2**63 - 1), store=history.parent / "store").code == 0


@pytest.mark.parametrize("runs", ["{garbage", "[[1]]", '[[1, "x"]]', "7", "[[1, NaN]]", "[1e999]"])
def test_costs_that_were_damaged_are_as_good_as_none(history: Path, runs: str) -> None:
    import sqlite3  # noqa: PLC0415 - to do damage

    fill(history, 10)
    connection = sqlite3.connect(history)
    with connection:
        connection.execute("UPDATE costs SET runs = ?", (runs,))
    connection.close()

    assert "Build time" in stats(history).out
    with open_history(str(history)) as opened:
        assert opened.add(past_builds(12, images=("agent",))) == 2
        assert any(opened.samples(opened.rows(_all())[0].scope).values())
