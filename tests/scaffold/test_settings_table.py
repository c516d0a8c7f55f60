"""The settings: every guess with its reason, and nothing else in the file touched."""

import tomllib
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.detect.detect import detect
from lamina.project.detect.snapshot import take_snapshot
from lamina.project.settings import read_settings
from lamina.scaffold.settings_table import has_table, settings_table, with_table
from tests.project.detect.snapshots import detected
from tests.support.layouts import LAYOUTS, write_layout

_DETECTED = detected({"app.py": "app = Flask(__name__)\n", "requirements.txt": "flask\nxgboost\n"})


def test_each_setting_has_its_reason_beside_it() -> None:
    lines = settings_table(_DETECTED).splitlines()

    assert lines[:3] == [
        "[tool.lamina]",
        'base = "debian:bookworm" # its Python is 3.11, and it needs no registry',
        'system-packages = ["libgomp1"] # ' + _DETECTED.system_packages[0].why,
    ]
    assert "port = 5000 # it is the usual one of flask" in lines


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_settings_of_every_layout_are_valid(name: str, tmp_path: Path) -> None:
    found = detect(take_snapshot(write_layout(name, tmp_path)))

    document = tomllib.loads(settings_table(found))

    settings = read_settings(document["tool"]["lamina"], locate=str)
    assert settings.base == found.base.value
    assert settings.entrypoint == found.service.entrypoint.value
    assert settings.budgets == {"seconds": "median + 3 mad", "growth": "5%"}


def test_every_character_of_the_file_stays() -> None:
    old = '# a comment\r\n[project]\nname   =  "shop"\n[tool.ruff]'

    new = with_table(old, _DETECTED)

    assert new.startswith(old)
    assert tomllib.loads(new)["tool"]["lamina"]["port"] == 5000


def test_a_file_that_nothing_can_be_added_to_is_refused() -> None:
    with pytest.raises(ProjectError) as caught:
        with_table("tool = { ruff = {} }\n", _DETECTED)

    assert "[tool.lamina]" in (caught.value.hint or "")


def test_a_table_that_is_there_is_seen_however_it_is_written() -> None:
    assert has_table("[tool.lamina]\n")
    assert has_table("[tool]\nlamina.port = 1\n")
    assert not has_table("[tool.laminate]\n")


def test_a_base_of_a_registry_comes_with_its_python() -> None:
    found = detected({".python-version": "3.12", "main.py": "", "requirements.txt": "xgboost"})

    assert "system-packages" not in settings_table(found)  # nothing can be added to such a base
    assert 'python = "3.12" # .python-version says 3.12' in settings_table(found)


def test_sources_below_src_that_are_no_wheel_are_found_by_a_variable() -> None:
    found = detected({"src/shop/__main__.py": "", "requirements.txt": "idna"})

    assert 'environment = { PYTHONPATH = "/app/src" }' in settings_table(found)


def test_use_cases_become_variants() -> None:
    text = '[project]\nname = "x"\n[dependency-groups]\n"ui kit" = ["streamlit"]\n'
    found = detected({"pyproject.toml": text, "main.py": "print(1)"})

    variants = tomllib.loads(settings_table(found))["tool"]["lamina"]["variants"]

    assert variants["ui-kit" if "ui-kit" in variants else "ui kit"]["groups"] == ["ui kit"]
