"""Says which columns a model relies on, by SHAP values."""

from typing import Any

import numpy as np
import pandas as pd
import shap
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from aml_agent.preprocess import sources
from aml_agent.records import Features

_SAMPLE_ROWS = 100  # SHAP's cost grows with the rows, its answer hardly changes


def importance(fitted: Pipeline, table: pd.DataFrame, features: Features) -> dict[str, float]:
    """Return each used column's share of the mean absolute SHAP value, the largest first.

    The shares add up to 1, or are all 0 for a model that ignores its input.
    """
    sample = table.sample(min(len(table), _SAMPLE_ROWS), random_state=0)
    inputs = fitted["prepare"].transform(sample)
    weights = _mean_absolute(_shap_values(fitted["model"], inputs))
    shares = dict.fromkeys(features.used, 0.0)
    for source, weight in zip(sources(fitted["prepare"], features), weights, strict=True):
        shares[source] += float(weight)
    total = sum(shares.values()) or 1.0
    ranked = sorted(shares.items(), key=lambda item: item[1], reverse=True)
    return {name: weight / total for name, weight in ranked}


def _shap_values(model: Any, inputs: NDArray[Any]) -> Any:  # noqa: ANN401 - untyped libraries
    if hasattr(model, "coef_"):
        return shap.LinearExplainer(model, inputs).shap_values(inputs)
    # The tree explainers check their own sums to a tolerance that float32 libraries miss.
    return shap.TreeExplainer(model).shap_values(inputs, check_additivity=False)


def _mean_absolute(values: Any) -> NDArray[Any]:  # noqa: ANN401 - untyped libraries
    """Reduce (rows, columns), or a list of one such array a class, to one weight a column."""
    stacked = np.abs(np.stack(values)) if isinstance(values, list) else np.abs(values)[np.newaxis]
    return np.asarray(stacked.mean(axis=(0, 1)))
