"""README.md shows what was measured, and nothing else."""

import json

from benchmarks import report
from benchmarks.readme import with_tables
from benchmarks.tables import TABLES

from tests.docs.markdown import ROOT

_RESULTS = ROOT / "benchmarks/results"
_README = (ROOT / "README.md").read_text(encoding="utf-8")
_FOUND = json.loads((_RESULTS / "results.json").read_text(encoding="utf-8"))


def test_the_tables_are_those_of_the_results() -> None:
    assert with_tables(_README, _FOUND) == _README


def test_every_table_is_shown() -> None:
    for word in TABLES:
        assert f"<!-- {word}: from benchmarks/results -->" in _README


def test_the_page_of_results_is_written_from_the_figures() -> None:
    assert report.markdown(_FOUND) == (_RESULTS / "results.md").read_text(encoding="utf-8")


def test_a_changed_figure_changes_the_table() -> None:
    changed = json.loads(json.dumps(_FOUND))
    changed["builds"]["lamina"]["clean"]["seconds"] = 1234.5

    assert "1234.50" in with_tables(_README, changed)
