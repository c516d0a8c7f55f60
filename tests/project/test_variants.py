"""What a variant changes of the settings, and what is wrong with one."""

from pathlib import Path
from typing import Any

import pytest

from lamina.errors import ProjectError
from lamina.project.read import read_project
from lamina.project.settings import Settings
from lamina.project.variants import installs_other, with_variant


def settings(**table: Any) -> Settings:
    return Settings(
        port=8000, extras=("a",), environment={"A": "1", "B": "1"}, variants={"ui": table}
    )


def test_a_key_takes_the_place_of_the_bases_and_the_rest_stays() -> None:
    base = settings(port=8501, extras=["ui"], **{"system-packages": ["ffmpeg"]})

    ui = with_variant(base, "ui")

    assert (ui.port, ui.extras, ui.system_packages) == (8501, ("ui",), ("ffmpeg",))
    assert ui.environment == base.environment
    assert with_variant(base, "") is base


def test_variables_and_labels_are_merged() -> None:
    ui = with_variant(settings(environment={"B": "2"}, labels={"x": "y"}), "ui")

    assert ui.environment == {"A": "1", "B": "2"}
    assert ui.labels == {"x": "y"}


@pytest.mark.parametrize(
    ("table", "other"),
    [({}, False), ({"extras": ["a"]}, False), ({"extras": ["b"]}, True), ({"groups": ["g"]}, True)],
)
def test_a_variant_with_other_extras_or_groups_installs_something_else(
    table: dict[str, Any], *, other: bool
) -> None:
    base = settings(**table)

    assert installs_other(base, with_variant(base, "ui")) is other


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tool.lamina.variants.ui]\nport = 'x'", "line 2: tool.lamina.variants.ui.port: expected"),
        ("[tool.lamina.variants.ui]\nprot = 1", "did you mean 'port'?"),
        ("[tool.lamina.variants.ui]\nsbom = true", "a setting of the project, not of a variant"),
        ("[tool.lamina.variants.ui.variants.x]\n", "a setting of the project, not of a variant"),
        ("[tool.lamina.variants]\nui = 3", "variants.ui: expected a table, got a number"),
        ("[tool.lamina.variants.UI]\n", "small letters, digits and dashes"),
        ("[tool.lamina]\nvariants = 3", "expected a table, got a number"),
    ],
)
def test_a_wrong_variant_is_an_error_wherever_it_is_used(
    tmp_path: Path, text: str, problem: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path)

    assert problem in "\n".join(caught.value.problems)


def test_an_extra_of_a_variant_that_there_is_not_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.lamina.variants.ui]\nextras = ['ui']\n")

    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path, "ui")

    assert "there is no extra 'ui'" in caught.value.problems[0]
    assert read_project(tmp_path).variant == ""
