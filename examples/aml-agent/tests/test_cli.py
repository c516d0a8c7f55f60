from pathlib import Path

import pandas as pd
import pytest
from aml_agent.cli import app
from typer.testing import CliRunner


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AML_HOME", str(tmp_path / "home"))
    return tmp_path


def test_run_shows_the_leaderboard_and_predict_adds_a_column(
    home: Path, shop: pd.DataFrame
) -> None:
    table = home / "shop.csv"
    shop[["age", "income", "city", "bought"]].to_csv(table, index=False)

    trained = CliRunner().invoke(app, ["run", str(table), "--target", "bought", "--budget", "0"])
    predicted = CliRunner().invoke(app, ["predict", str(table)])

    assert trained.exit_code == 0
    assert "linear" in trained.stdout
    assert predicted.stdout.splitlines()[0] == "age,income,city,bought,prediction"
    assert len(predicted.stdout.splitlines()) == len(shop) + 1


def test_a_mistake_is_one_line_and_exit_code_1(home: Path) -> None:
    result = CliRunner(mix_stderr=False).invoke(app, ["predict", str(home / "none.csv")])

    assert result.exit_code == 1
    assert result.stderr == "error: no model has been trained yet\n"
