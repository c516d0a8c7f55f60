"""Reads a table from a CSV, Parquet or Excel file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowException

from aml_agent.errors import AmlError

_READERS: Mapping[str, Callable[[Path], Any]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".xlsx": pd.read_excel,
}


def read_table(path: Path) -> pd.DataFrame:
    """Read ``path`` by its suffix.

    Raises ``AmlError`` if the suffix is unknown, or the content is not of that format, or empty.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise AmlError(f"{path.name}: not one of {', '.join(sorted(_READERS))}")
    try:
        table = reader(path)
    except (ValueError, KeyError, OSError, ArrowException) as error:
        # Parser errors are ValueErrors; a bad zip in an .xlsx is a KeyError or an OSError.
        raise AmlError(f"{path.name}: cannot be read as {path.suffix[1:]}: {error}") from error
    if table.empty:
        raise AmlError(f"{path.name}: has no rows")
    return table.rename(columns=str)
