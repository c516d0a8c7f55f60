import numpy as np
import pandas as pd
import pytest
from aml_agent.columns import conform, describe
from aml_agent.errors import AmlError
from aml_agent.records import Features


def test_columns_are_sorted_by_how_a_model_should_read_them(shop: pd.DataFrame) -> None:
    features = describe(shop.drop(columns="spent"), target="bought")

    assert features == Features(
        numeric=("age", "income"), dates=("since",), categorical=("city",), ignored=("customer",)
    )


def test_a_table_without_information_is_refused() -> None:
    table = pd.DataFrame({"same": [1, 1, 1], "y": [1, 2, 3]})

    with pytest.raises(AmlError, match="no column carries information"):
        describe(table, target="y")


def test_dates_become_days_and_unknown_values_stay_unknown() -> None:
    features = Features(numeric=("n",), dates=("d",), categorical=("c",))
    table = pd.DataFrame({"d": ["1970-01-03", None], "n": ["1.5", np.inf], "c": [True, None]})

    result = conform(table, features)

    assert result.d.tolist()[0] == 2.0
    assert result.n.tolist()[0] == 1.5
    assert result.c.tolist()[0] == "True"
    assert result.iloc[1].isna().all()


def test_a_missing_column_is_named() -> None:
    with pytest.raises(AmlError, match="missing columns: b, c"):
        conform(pd.DataFrame({"a": [1]}), Features(numeric=("a", "b"), categorical=("c",)))


def test_text_in_a_number_column_is_refused_by_name() -> None:
    with pytest.raises(AmlError, match="column 'a': not a number"):
        conform(pd.DataFrame({"a": ["x"]}), Features(numeric=("a",)))
