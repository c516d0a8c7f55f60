"""`lamina history export`: past builds for other programs, and for `lamina history import`."""

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lamina.history.database import open_history
from lamina.history.document import record_to_json
from lamina.history.fold import Header, fold
from lamina.history.query import Wanted
from tests.history.builds import COLD, WARM
from tests.history.builds import build as made_build
from tests.support import toys
from tests.support.toys import Outcome

BUILDS = (
    fold(Header(id="c01d", engine="native", names=("r/shop:1",)), COLD),
    fold(Header(id="3a3a", engine="native", names=("r/shop:2",)), WARM),
    made_build("e1e1", 300.0, project="other"),
)


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "history.db"
    monkeypatch.setenv("LAMINA_HISTORY", str(path))
    with open_history(str(path)) as history:
        history.add(BUILDS)
    return path


def lamina(history: Path, *words: str | Path) -> Outcome:
    return toys.lamina("history", *words, store=history.parent / "store")


def test_records_come_one_a_line_oldest_first(history: Path) -> None:
    done = lamina(history, "export")

    assert done.code == 0
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["c01d", "3a3a", "e1e1"]
    chosen = lamina(history, "export", "--project", "shop", "--limit", "1")
    assert [json.loads(line)["id"] for line in chosen.out.splitlines()] == ["3a3a"]


def test_an_export_is_imported_as_it_was(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine the history is the same, its figures included."""
    file = tmp_path / "out" / "builds.jsonl"
    assert lamina(history, "export", "-o", file).code == 0
    other = tmp_path / "other.db"
    monkeypatch.setenv("LAMINA_HISTORY", str(other))

    done = lamina(history, "import", file)

    assert (done.code, done.out) == (0, "imported 3 builds\n")
    with open_history(str(other)) as there, open_history(str(history)) as here:
        assert there.rows(Wanted()) == here.rows(Wanted())
        assert [record_to_json(there.record(b.id)) for b in BUILDS] == [
            record_to_json(here.record(b.id)) for b in BUILDS
        ]
    again = lamina(history, "import", file)
    assert again.out == "imported 0 builds, 3 were there already\n"


def test_a_torn_line_of_an_export_costs_a_warning(history: Path, tmp_path: Path) -> None:
    lines = lamina(history, "export").out.splitlines()
    file = tmp_path / "builds.jsonl"
    file.write_text("\n".join([lines[0], lines[1][:40], "\x1b[2J"]))

    done = lamina(history, "import", file)

    assert done.code == 0
    assert f"warning: {file}, line 2: not valid JSON" in done.err
    assert "\x1b" not in done.err


def test_metrics_are_written_for_the_textfile_collector(history: Path, tmp_path: Path) -> None:
    file = tmp_path / "textfile" / "lamina.prom"

    done = lamina(history, "export", "--format", "prometheus", "-o", file)

    assert (done.code, done.out) == (0, "")
    found = {family.name: family for family in text_string_to_metric_families(file.read_text())}
    builds = {sample.labels["project"]: sample.value for sample in found["lamina_builds"].samples}
    assert builds == {"shop": 2, "other": 1}
    assert file.stat().st_mode & 0o777 == 0o644, "whoever collects it is somebody else"
    assert [path.name for path in file.parent.iterdir()] == ["lamina.prom"]


def test_a_file_that_cannot_be_written_is_an_error(history: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = lamina(history, "export", "-o", tmp_path / "file" / "lamina.prom")

    assert done.code == 4
    assert "cannot write" in done.err


def test_an_empty_history_exports_nothing(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "none.db"))

    for form in ("jsonl", "prometheus"):
        done = lamina(history, "export", "--format", form)
        assert (done.code, done.out) == (0, "")
