"""Where advisories are asked for is where uv would look for packages, whoever configured that."""

import os
from pathlib import Path

import pytest
import uv

from lamina.lock.index_settings import uv_environment
from lamina.scan.index_address import find_index

URL = "https://index.corp.example/simple"


def find(folder: Path, **variables: str) -> str:
    plain = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    environment = uv_environment({**plain, **variables}, [], is_pinned=False)
    return find_index(uv.find_uv_bin(), environment, folder)


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_a_variable_names_it(tmp_path: Path, name: str) -> None:
    assert find(tmp_path, **{name: URL}) == URL


def test_a_projects_own_settings_name_it(tmp_path: Path) -> None:
    text = f'[project]\nname = "toy"\nversion = "1"\n[tool.uv]\nindex-url = "{URL}"\n'
    (tmp_path / "pyproject.toml").write_text(text)

    assert find(tmp_path) == URL


def test_uv_has_one_where_nobody_names_any(tmp_path: Path) -> None:
    assert find(tmp_path).startswith("https://")


def test_whoever_uses_no_index_is_not_sent_to_one(tmp_path: Path) -> None:
    assert find(tmp_path, PIP_NO_INDEX="1") == ""


def test_a_uv_that_fails_names_none(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text("[[[")

    assert find(tmp_path) == ""
    assert find_index(str(tmp_path / "none"), {}, tmp_path) == ""
