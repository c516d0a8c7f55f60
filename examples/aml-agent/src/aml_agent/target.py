"""Decides whether the target is a class or a quantity, and turns it into numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from aml_agent.errors import AmlError
from aml_agent.records import Task

_MOST_CLASSES = 20  # integers with more distinct values than this are counts, not classes
_LEAST_ROWS = 20
_LEAST_ROWS_A_CLASS = 5  # one for the hold-out, and at least one in each of three folds


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target as numbers: the class's place in ``classes``, or the quantity itself."""

    task: Task
    numbers: NDArray[Any]
    classes: tuple[str, ...] = ()


def infer_task(column: pd.Series) -> Task:
    """Tell a class (text, booleans, a few whole numbers) from a quantity (everything else)."""
    if types.is_bool_dtype(column) or not types.is_numeric_dtype(column):
        return Task.CLASSIFICATION
    known = column.dropna()
    is_whole = bool((known % 1 == 0).all())
    return Task.CLASSIFICATION if is_whole and known.nunique() <= _MOST_CLASSES else Task.REGRESSION


def encode(column: pd.Series, task: Task) -> Target:
    """Turn ``column``, which has no missing values, into numbers.

    Raises ``AmlError`` if there is too little of something to learn it.
    """
    if len(column) < _LEAST_ROWS:
        raise AmlError(f"{len(column)} rows have a target; at least {_LEAST_ROWS} are needed")
    if column.nunique() <= 1:  # noqa: PD101 - clear, and fast enough
        raise AmlError(f"target {column.name!r} is constant")
    if task is Task.REGRESSION:
        return Target(task=task, numbers=_quantities(column))
    classes, numbers = np.unique(_labels(column), return_inverse=True)
    rare = [str(classes[i]) for i in np.flatnonzero(np.bincount(numbers) < _LEAST_ROWS_A_CLASS)]
    if rare:
        some = ", ".join(rare[:5])
        raise AmlError(f"classes with fewer than {_LEAST_ROWS_A_CLASS} rows: {some}")
    return Target(task=task, numbers=numbers, classes=tuple(map(str, classes)))


def _labels(column: pd.Series) -> NDArray[Any]:
    # A missing value makes pandas read whole numbers as floats: say "1" for 1.0 all the same.
    if types.is_float_dtype(column) and bool((column % 1 == 0).all()):
        column = column.astype("int64")
    return np.asarray(column.astype(str), dtype=str)


def _quantities(column: pd.Series) -> NDArray[Any]:
    try:
        values = np.asarray(pd.to_numeric(column), dtype="float64")
    except (ValueError, TypeError) as error:
        raise AmlError(f"target {column.name!r}: not a number: {error}") from error
    if not np.isfinite(values).all():
        raise AmlError(f"target {column.name!r} holds infinite values")
    return values
