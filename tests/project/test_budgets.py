"""The table of budgets: every form that it may have, and every problem at once."""

from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.budgets import Allowance, Budgets, read_budgets
from lamina.project.read import read_project


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, Budgets()),
        ({"seconds": 90}, Budgets(seconds=90.0)),
        ({"seconds": 0.5}, Budgets(seconds=0.5)),
        ({"seconds": "median + 3 mad"}, Budgets(seconds=Allowance(mads=3))),
        ({"seconds": "median+2.5mad"}, Budgets(seconds=Allowance(mads=2.5))),
        ({"seconds": "median + 20%"}, Budgets(seconds=Allowance(share=0.2))),
        ({"image-size": "700 MB"}, Budgets(image_size=700_000_000)),
        ({"image-size": "1.5 GiB"}, Budgets(image_size=1_610_612_736)),
        ({"image-size": 1234}, Budgets(image_size=1234)),
        ({"growth": "5%"}, Budgets(growth_share=0.05)),
        ({"growth": "20 MB"}, Budgets(growth=20_000_000)),
        ({"growth": 0}, Budgets(growth=0)),
        ({"hit-rate": 0.8, "reuse": 1}, Budgets(hit_rate=0.8, reuse=1.0)),
    ],
)
def test_a_budget_is_read(table: dict[str, object], expected: Budgets) -> None:
    assert read_budgets(table) == (expected, ())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seconds", "90 s"),
        ("seconds", 0),
        ("seconds", True),
        ("seconds", float("nan")),
        ("seconds", "median - 3 mad"),
        ("seconds", ["median"]),
        ("image-size", "700 mb"),
        ("image-size", -1),
        ("growth", "five"),
        ("growth", False),
        ("hit-rate", 80),
        ("hit-rate", "80%"),
        ("reuse", 0),
        ("reuse", None),
    ],
)
def test_what_is_no_budget_is_a_problem_that_shows_the_value(key: str, value: object) -> None:
    budgets, problems = read_budgets({key: value})

    assert budgets == Budgets()
    assert [name for name, _ in problems] == [key]
    assert repr(value) in problems[0][1]


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\n[tool.lamina]\nport = "x"\n\n'
        '[tool.lamina.budgets]\nsecond = 90\nhit-rate = 80\nreuse = 0.5\n'
    )  # fmt: skip

    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path)

    assert caught.value.problems == (
        "pyproject.toml, line 4: tool.lamina.port: expected a port, got 'x'",
        (
            "pyproject.toml, line 7: tool.lamina.budgets.second: unknown budget, "
            "did you mean 'seconds'?"
        ),
        (
            "pyproject.toml, line 8: tool.lamina.budgets.hit-rate: expected a number above 0 "
            "and up to 1, got 80"
        ),
    )


def test_budgets_may_stand_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\n[tool.lamina]\nbudgets = { seconds = "fast" }\n'
    )

    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path)

    assert caught.value.problems[0].startswith("pyproject.toml, line 4: tool.lamina.budgets.")


def test_a_value_that_is_no_table_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\n[tool.lamina]\nbudgets = 9\n'
    )

    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path)

    assert caught.value.problems == (
        "pyproject.toml, line 4: tool.lamina.budgets: expected a table, got a number",
    )
