"""Decides how each column is read, and brings any table into that form."""

import numpy as np
import pandas as pd
from pandas.api import types

from aml_agent.errors import AmlError
from aml_agent.records import Features

_SECONDS_A_DAY = 86_400
_IDENTIFIER_SHARE = 0.5  # a text column with more distinct values than this names its rows
_FEW = 20  # but never call so few distinct values an identifier


def describe(table: pd.DataFrame, target: str) -> Features:
    """Sort the columns of ``table`` other than ``target`` by how a model should read them.

    Raises ``AmlError`` if none is of use.
    """
    kinds: dict[str, list[str]] = {"numeric": [], "dates": [], "categorical": [], "ignored": []}
    for name in table.columns:
        if name != target:
            kinds[_kind(table[name])].append(name)
    features = Features(**{kind: tuple(names) for kind, names in kinds.items()})
    if not features.used:
        raise AmlError("no column carries information: each is constant or an identifier")
    return features


def conform(table: pd.DataFrame, features: Features) -> pd.DataFrame:
    """Return the used columns: floats (dates as days since 1970) and text, NaN where unknown.

    Raises ``AmlError`` if a column is missing or holds something of another kind.
    """
    missing = [name for name in features.used if name not in table.columns]
    if missing:
        raise AmlError(f"missing columns: {', '.join(missing)}")
    columns = {name: _number(table[name]) for name in features.numeric}
    columns |= {name: _days(table[name]) for name in features.dates}
    columns |= {name: _text(table[name]) for name in features.categorical}
    return pd.DataFrame(columns, index=table.index)


def _kind(column: pd.Series) -> str:
    distinct = column.nunique(dropna=True)
    if distinct <= 1:
        return "ignored"
    if types.is_datetime64_any_dtype(column):
        return "dates"
    if types.is_numeric_dtype(column):  # booleans are numeric to pandas
        return "numeric"
    if distinct > _FEW and distinct > _IDENTIFIER_SHARE * column.count():
        return "ignored"
    return "categorical"


def _number(column: pd.Series) -> pd.Series:
    try:
        numbers = pd.to_numeric(column).astype("float64")
    except (ValueError, TypeError) as error:
        raise AmlError(f"column {column.name!r}: not a number: {error}") from error
    return numbers.replace([np.inf, -np.inf], np.nan)


def _days(column: pd.Series) -> pd.Series:
    try:
        moments = pd.to_datetime(column, utc=True)
    except (ValueError, TypeError) as error:
        raise AmlError(f"column {column.name!r}: not a date: {error}") from error
    return (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds() / _SECONDS_A_DAY


def _text(column: pd.Series) -> pd.Series:
    texts = column.astype(object)
    return texts.where(texts.isna(), texts.astype(str)).where(texts.notna(), np.nan)
