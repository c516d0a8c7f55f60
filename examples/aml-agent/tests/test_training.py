import time
from pathlib import Path
from threading import Event, Timer
from typing import Any

import numpy as np
import pandas as pd
import pytest
from aml_agent.columns import conform, describe
from aml_agent.errors import AmlError, UnknownModelError
from aml_agent.explain import importance
from aml_agent.families import FAMILIES
from aml_agent.prediction import predict
from aml_agent.preprocess import preprocessor
from aml_agent.records import ModelRecord, Task
from aml_agent.request import TrainRequest
from aml_agent.store import Store
from aml_agent.training import train
from sklearn.pipeline import Pipeline

PARAMS: dict[str, dict[str, Any]] = {
    "linear": {"strength": 1.0},
    "random_forest": {"n_estimators": 10},
    "xgboost": {"n_estimators": 10},
    "lightgbm": {"n_estimators": 10},
    "catboost": {"iterations": 10},
}


def fit(table: pd.DataFrame, target: str, store: Store, budget_s: float) -> ModelRecord:
    path = store.home.parent / "table.parquet"
    table.to_parquet(path)
    request = TrainRequest(table=path, target=target, budget_s=budget_s)
    return train(request, store.reserve(), store, Event())


def test_every_family_is_tried_and_the_best_one_predicts(shop: pd.DataFrame, store: Store) -> None:
    record = fit(shop.drop(columns="spent"), "bought", store, budget_s=8.0)

    predictions = predict(record, store, shop)

    assert {row.family for row in record.leaderboard} == set(FAMILIES)
    assert record.holdout > 0.8
    assert np.mean(np.array(predictions.values) == shop.bought) > 0.9
    assert np.allclose(np.sum(predictions.probabilities or [], axis=1), 1)


def test_a_quantity_is_learnt_even_without_a_budget(shop: pd.DataFrame, store: Store) -> None:
    record = fit(shop.drop(columns="bought"), "spent", store, budget_s=0.0)

    assert record.task is Task.REGRESSION
    assert record.holdout > 0.95
    assert list(record.importance)[:2] == ["income", "age"]
    assert store.record() == record


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_can_be_explained(
    shop: pd.DataFrame, family: str, classes: int, task: Task
) -> None:
    features = describe(shop[["age", "income", "city"]], target="")
    table = conform(shop, features)
    numbers = pd.qcut(shop.income, classes, labels=False).to_numpy()
    model = FAMILIES[family].build(task, PARAMS[family], 1)
    fitted = Pipeline([("prepare", preprocessor(features)), ("model", model)]).fit(table, numbers)

    shares = importance(fitted, table, features)

    assert next(iter(shares)) == "income"
    assert sum(shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_any_family_can_win(
    shop: pd.DataFrame, store: Store, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in set(FAMILIES) - {family}:
        monkeypatch.delitem(FAMILIES, other)

    record = fit(shop.drop(columns="spent"), "bought", store, budget_s=0.0)

    assert record.family == family
    assert len(predict(record, store, shop.head(3)).values) == 3


def test_rows_without_a_target_are_left_out(shop: pd.DataFrame, store: Store) -> None:
    shop.loc[:9, "bought"] = None

    record = fit(shop, "bought", store, budget_s=0.0)

    assert record.rows == len(shop) - 10


def test_a_category_never_seen_and_an_unknown_number_are_still_predicted(
    shop: pd.DataFrame, store: Store
) -> None:
    record = fit(shop.drop(columns="spent"), "bought", store, budget_s=0.0)
    row = shop.head(1).assign(city="Z", age=None)

    (value,) = predict(record, store, row).values  # noqa: PD011 - not a data frame

    assert value in record.classes


def test_an_unknown_target_is_refused_with_the_columns_there_are(
    shop: pd.DataFrame, store: Store
) -> None:
    with pytest.raises(AmlError, match="no column 'price'; there are: customer, age"):
        fit(shop, "price", store, budget_s=0.0)


def test_a_search_that_is_cancelled_stops_long_before_its_budget(
    shop: pd.DataFrame, store: Store
) -> None:
    path = Path(store.home.parent, "table.parquet")
    shop.to_parquet(path)
    request = TrainRequest(table=path, target="bought", budget_s=600.0)
    cancelled, started = Event(), time.monotonic()
    Timer(1.0, cancelled.set).start()

    with pytest.raises(AmlError, match="cancelled"):
        train(request, store.reserve(), store, cancelled)

    assert time.monotonic() - started < 20


def test_a_cancelled_training_leaves_no_model(shop: pd.DataFrame, store: Store) -> None:
    cancelled = Event()
    cancelled.set()
    path = Path(store.home.parent, "table.parquet")
    shop.to_parquet(path)
    request = TrainRequest(table=path, target="bought", budget_s=60.0)

    with pytest.raises(AmlError, match="cancelled"):
        train(request, store.reserve(), store, cancelled)
    with pytest.raises(UnknownModelError, match="no model has been trained yet"):
        store.record()
