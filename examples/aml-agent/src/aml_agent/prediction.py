"""Predicts with a stored model."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from aml_agent.columns import conform
from aml_agent.records import ModelRecord, Task
from aml_agent.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """One value a row; for classes also their probabilities, in the order of ``classes``."""

    values: list[str] | list[float]
    classes: tuple[str, ...] = ()
    probabilities: list[list[float]] | None = None


def predict(record: ModelRecord, store: Store, table: pd.DataFrame) -> Predictions:
    """Predict each row of ``table``. Raises ``AmlError`` for a bad or missing column."""
    model = _load(store.model_file(record.id))
    inputs = conform(table, record.features)
    if record.task is Task.REGRESSION:
        return Predictions(values=np.asarray(model.predict(inputs), dtype=float).tolist())
    probabilities = np.asarray(model.predict_proba(inputs), dtype=float)
    return Predictions(
        values=[record.classes[i] for i in probabilities.argmax(axis=1)],
        classes=record.classes,
        probabilities=probabilities.tolist(),
    )


@lru_cache(maxsize=4)
def _load(path: Path) -> Any:  # noqa: ANN401 - an estimator
    return joblib.load(path)  # our own file; a finished model never changes
