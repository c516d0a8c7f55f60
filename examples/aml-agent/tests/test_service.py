import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from aml_agent.service import create
from aml_agent.settings import Settings
from fastapi.testclient import TestClient


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create(Settings(home=tmp_path, jobs=1, max_upload_bytes=100_000))) as client:
        yield client


def wait(client: TestClient, id_: str) -> dict[str, str]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        job: dict[str, str] = client.get(f"/train/{id_}").json()
        if job["state"] in {"done", "failed"}:
            return job
        time.sleep(0.1)
    raise TimeoutError(id_)


def test_the_service_is_healthy_before_any_heavy_library_is_imported() -> None:
    program = (
        "import sys; from aml_agent import cli, service; service.create(); "
        "print({'numpy', 'pandas', 'sklearn', 'xgboost', 'shap', 'optuna'} & set(sys.modules))"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert result.stdout == b"set()\n"


def test_a_table_becomes_predictions_over_http(client: TestClient, shop: pd.DataFrame) -> None:
    csv = shop[["age", "income", "city", "bought"]].to_csv(index=False)
    form = {"target": "bought", "budget_s": "0.1"}

    started = client.post("/train", files={"file": ("t.csv", csv)}, data=form)
    job = wait(client, started.json()["id"])
    rows = [{"age": 30, "income": 90.0, "city": "A"}, {"age": None, "income": 10.0, "city": "B"}]
    answer = client.post("/predict", json={"rows": rows}).json()

    assert started.status_code == 202
    assert job == {"id": "m0001", "state": "done", "error": None}
    assert answer["predictions"] == ["yes", "no"]
    assert answer["classes"] == ["no", "yes"]
    assert client.get("/leaderboard").json()["id"] == "m0001"


def test_a_training_that_fails_says_why_and_keeps_no_upload(
    client: TestClient, tmp_path: Path
) -> None:
    started = client.post("/train", files={"file": ("t.csv", "a\n1\n")}, data={"target": "b"})

    job = wait(client, started.json()["id"])

    assert job["state"] == "failed"
    assert job["error"] == "no column 'b'; there are: a"
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_missing_column_in_a_prediction_is_the_callers_mistake(
    client: TestClient, shop: pd.DataFrame
) -> None:
    csv = shop[["age", "income", "city", "bought"]].to_csv(index=False)
    form = {"target": "bought", "budget_s": "0.1"}
    started = client.post("/train", files={"file": ("t.csv", csv)}, data=form)
    wait(client, started.json()["id"])

    answer = client.post("/predict", json={"rows": [{"age": 3}]})

    assert answer.status_code == 422
    assert answer.json() == {"detail": "missing columns: income, city"}


def test_without_a_model_there_is_nothing_to_show(client: TestClient) -> None:
    answers = [
        client.get("/leaderboard"),
        client.get("/train/m0009"),
        client.post("/predict", json={"rows": [{"a": 1}]}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_a_table_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.post("/train", files={"file": ("t.csv", b"1" * 100_001)}, data={"target": "b"})

    assert answer.status_code == 413


def test_stopping_the_service_ends_a_training_early(tmp_path: Path, shop: pd.DataFrame) -> None:
    csv = shop[["age", "income", "city", "bought"]].to_csv(index=False)
    form = {"target": "bought", "budget_s": "600"}
    started = time.monotonic()

    with TestClient(create(Settings(home=tmp_path, jobs=1))) as client:
        client.post("/train", files={"file": ("t.csv", csv)}, data=form)

    assert time.monotonic() - started < 30
