from pathlib import Path

import pandas as pd
import pytest
from aml_agent.errors import AmlError
from aml_agent.table import read_table


def test_the_same_table_comes_from_every_format(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    table.to_excel(tmp_path / "t.xlsx", index=False)

    for name in ("t.csv", "t.parquet", "t.xlsx"):
        pd.testing.assert_frame_equal(read_table(tmp_path / name), table)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.txt", b"a\n1\n", "not one of .csv, .parquet, .xlsx"),
        ("t.csv", b"", "cannot be read as csv"),
        ("t.csv", b"a,b\n", "has no rows"),
        ("t.csv", b"a\n\xff\xfe\n", "cannot be read as csv"),
        ("t.parquet", b"not parquet", "cannot be read as parquet"),
        ("t.xlsx", b"not a workbook", "cannot be read as xlsx"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(AmlError, match=reason):
        read_table(tmp_path / name)
