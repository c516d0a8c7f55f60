import numpy as np
import pandas as pd
import pytest
from aml_agent.errors import AmlError
from aml_agent.records import Task
from aml_agent.target import encode, infer_task


@pytest.mark.parametrize(
    ("column", "task"),
    [
        (pd.Series(["a", "b"]), Task.CLASSIFICATION),
        (pd.Series([True, False]), Task.CLASSIFICATION),
        (pd.Series([0, 1, 2, None]), Task.CLASSIFICATION),
        (pd.Series([0.5, 1.5]), Task.REGRESSION),
        (pd.Series(range(100)), Task.REGRESSION),
    ],
)
def test_the_task_follows_from_the_target(column: pd.Series, task: Task) -> None:
    assert infer_task(column) == task


def test_classes_are_numbered_in_order_and_whole_numbers_lose_their_point() -> None:
    target = encode(pd.Series([2.0, 1.0] * 10), Task.CLASSIFICATION)

    assert target.classes == ("1", "2")
    assert target.numbers.tolist()[:2] == [1, 0]


@pytest.mark.parametrize(
    ("column", "task", "reason"),
    [
        (pd.Series([1.0, 2.0]), Task.REGRESSION, "at least 20 are needed"),
        (pd.Series([1] * 30), Task.CLASSIFICATION, "is constant"),
        (pd.Series(["a"] * 30 + ["b"]), Task.CLASSIFICATION, "fewer than 5 rows: b"),
        (pd.Series([1.0, np.inf] * 10), Task.REGRESSION, "infinite"),
        (pd.Series(["a", "b"] * 10), Task.REGRESSION, "not a number"),
    ],
)
def test_too_little_to_learn_from_is_refused(column: pd.Series, task: Task, reason: str) -> None:
    with pytest.raises(AmlError, match=reason):
        encode(column, task)
