"""Tables the tests make themselves: the target follows from the other columns."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from aml_agent.store import Store


@pytest.fixture
def shop() -> pd.DataFrame:
    """Return customers: ``bought`` depends on income and city, ``spent`` on income and age."""
    draw = np.random.default_rng(7)
    rows = 240
    table = pd.DataFrame(
        {
            "customer": [f"c{i}" for i in range(rows)],
            "age": draw.integers(18, 80, rows),
            "income": draw.normal(50, 15, rows).round(2),
            "city": draw.choice(["A", "B", "C"], rows),
            "since": pd.date_range("2020-01-01", periods=rows),
        }
    )
    table["bought"] = np.where(table.income + 15 * (table.city == "A") > 55, "yes", "no")
    table["spent"] = 2 * table.income + table.age
    return table


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return an empty store."""
    return Store(home=tmp_path / "home")
