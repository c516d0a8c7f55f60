"""`lamina report` writes a page, Markdown or JSON, about the builds that are asked for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.history.database import open_history
from lamina.history.query import Wanted
from tests.explain.builds import build, project
from tests.support.past_builds import past_builds
from tests.support.toys import Outcome, lamina


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "history.db"
    monkeypatch.setenv("LAMINA_HISTORY", str(path))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(tmp_path)
    with open_history(str(path)) as opened:
        opened.add(past_builds(20, images=("a", "b")))
    return path


def report(history: Path, *words: str | Path) -> Outcome:
    return lamina("report", *words, store=history.parent / "store")


def test_the_page_is_report_html_unless_another_file_is_named(history: Path) -> None:
    assert report(history).code == 0
    assert report(history, "-o", "other.html").code == 0

    pages = [Path(name).read_text() for name in ("report.html", "other.html")]
    assert pages[0] == pages[1]
    assert pages[0].startswith("<!doctype html>")


def test_the_page_can_be_read_by_everybody_who_may_read_files_here(history: Path) -> None:
    report(history)

    assert Path("report.html").stat().st_mode & 0o777 == 0o644


def test_markdown_and_json_go_to_the_standard_output(history: Path) -> None:
    markdown, found = report(history, "--format", "markdown"), report(history, "--format", "json")

    assert markdown.out.startswith("# Builds\n")
    assert json.loads(found.out)["title"] == "Builds"
    assert not Path("report.html").exists()


def test_the_page_can_go_to_the_standard_output(history: Path) -> None:
    assert report(history, "-o", "-").out.startswith("<!doctype html>")


def test_the_summary_of_a_step_is_added_to_and_only_when_it_is_asked_for(
    history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = history.parent / "summary.md"
    summary.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    report(history, "--format", "markdown")
    assert summary.read_text() == "# Before\n"

    report(history, "--format", "markdown", "-o", summary)
    assert summary.read_text().startswith("# Before\n# Builds\n")


def test_another_file_is_replaced(history: Path) -> None:
    Path("old.md").write_text("old")

    report(history, "--format", "markdown", "-o", "old.md")

    assert Path("old.md").read_text().startswith("# Builds\n")


def test_the_last_build_is_shown_and_compared_with_the_one_before_of_its_image(
    history: Path,
) -> None:
    with open_history(str(history)) as opened:
        rows = opened.rows(Wanted())
    last = rows[0]
    before = next(r for r in rows[1:] if r.scope == last.scope and r.outcome == "done")

    sections = {
        s["key"]: s for s in json.loads(report(history, "--format", "json").out)["sections"]
    }

    assert sections["build"]["title"].startswith(f"Build {last.id[:12]} of ")
    (note,) = sections["comparison"]["notes"]
    assert before.id[:12] in note
    assert last.id[:12] in note


def test_any_two_builds_can_be_compared(history: Path) -> None:
    with open_history(str(history)) as opened:
        rows = opened.rows(Wanted())
    words = ("--build", rows[3].id, "--against", rows[9].id, "--format", "json")

    sections = {s["key"]: s for s in json.loads(report(history, *words).out)["sections"]}

    assert rows[9].id[:12] in sections["comparison"]["notes"][0].partition("After")[0]
    assert rows[3].id[:12] in sections["comparison"]["notes"][0].partition("After")[2]


def test_a_first_build_is_compared_with_nothing(history: Path) -> None:
    history.unlink()
    with open_history(str(history)) as opened:
        opened.add(past_builds(1))

    keys = [s["key"] for s in json.loads(report(history, "--format", "json").out)["sections"]]

    assert "comparison" not in keys
    assert "build" in keys


def test_a_build_that_is_not_there_is_an_error(history: Path) -> None:
    done = report(history, "--build", "ffff")

    assert done.code == 2
    assert "no build is called 'ffff'" in done.err


def test_nothing_selected_is_an_error_and_leaves_no_page(history: Path) -> None:
    done = report(history, "--image", "nobody/knows")

    assert done.code == 2
    assert "no build is selected" in done.err
    assert not Path("report.html").exists()


def test_no_folder_is_made_for_a_mistyped_path(history: Path) -> None:
    done = report(history, "-o", history.parent / "nowehre" / "report.html")

    assert (done.code, done.err.splitlines()[0]) == (2, "error: there is no such folder")
    assert not (history.parent / "nowehre").exists()


def test_the_report_is_of_this_folders_project_if_it_was_built(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_history(str(history)) as opened:
        opened.add([replace(build(project(tmp_path)), names=("shop:1",))])

    here, all_ = (
        json.loads(report(history, "--format", "json", *words).out)["subtitle"]
        for words in ((), ("--all",))
    )

    assert here.startswith("1 build of 1 image,")
    assert all_.startswith("21 builds of 3 images,")
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    done = report(history, "-o", "-")
    assert done.err == (
        "note: no build of this folder is recorded: these are the builds of all projects\n"
    )


def test_a_file_that_cannot_be_written_is_an_error(history: Path) -> None:
    done = report(history, "-o", "/proc/report.html")

    assert done.code == 4
    assert "cannot write" in done.err
