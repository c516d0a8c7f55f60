"""A list of dependencies is changed where it has to be, and nowhere else."""

import pytest

from lamina.errors import ProjectError
from lamina.weigh.edits import Change, changed, unified_diff

SWAP = {"xgboost": Change(new="xgboost-cpu==2.1.4")}
HERE = {"xgboost": Change(new="xgboost-cpu==2.1.4", machine="x86_64")}
DROP = {"xgboost": Change()}

PYPROJECT = """\
[project]
name = "shop"
dependencies = [
  "numpy<2", # "xgboost" is not here
  "XGBoost==2.0.2; sys_platform == 'linux'",  # heavy
  'pandas',
]

[dependency-groups]
dev = ["xgboost"]

[tool.mypy]
module = ["xgboost"]
"""


def test_a_line_of_a_requirements_file_is_changed() -> None:
    text = "# xgboost\nnumpy\nxgboost==2.0.2  # heavy\r\n-r xgboost.in\n"

    new = changed(text, SWAP, is_toml=False)

    assert new == "# xgboost\nnumpy\nxgboost-cpu==2.1.4  # heavy\r\n-r xgboost.in\n"


def test_hashes_go_with_what_they_are_hashes_of() -> None:
    first, last = "a==1 \\\n    --hash=sha256:0\n", "b\n"
    text = f"{first}xgboost==2 \\\n    --hash=sha256:1 \\\n    --hash=sha256:2\n{last}"

    assert changed(text, SWAP, is_toml=False) == f"{first}xgboost-cpu==2.1.4\n{last}"
    assert changed(text, DROP, is_toml=False) == first + last
    assert changed("xgboost==2 --hash=sha256:1  # heavy\n", SWAP, is_toml=False) == (
        "xgboost-cpu==2.1.4  # heavy\n"
    )


def test_a_backslash_at_the_end_of_the_file_continues_nothing() -> None:
    assert changed("a\nxgboost==2 \\", SWAP, is_toml=False) == "a\nxgboost-cpu==2.1.4\n"
    assert changed("xgboost==2\na \\", SWAP, is_toml=False) == "xgboost-cpu==2.1.4\na \\"


def test_extras_stay() -> None:
    text = 'xgboost[dask,plot]==2; sys_platform == "linux"\n'

    assert changed(text, SWAP, is_toml=False) == (
        'xgboost-cpu[dask,plot]==2.1.4; sys_platform == "linux"\n'
    )
    assert 'xgboost-cpu[dask]==2.1.4"' in changed(
        '[project]\ndependencies = [\n  "xgboost[dask]",\n]\n', SWAP, is_toml=True
    )


def test_a_marker_stays() -> None:
    new = changed("xgboost; sys_platform == 'linux'\n", SWAP, is_toml=False)

    assert new == 'xgboost-cpu==2.1.4; sys_platform == "linux"\n'


def test_a_line_is_taken_out() -> None:
    assert changed("a\nxgboost>=2\nb\n", DROP, is_toml=False) == "a\nb\n"


def test_what_is_for_one_machine_leaves_the_others_alone() -> None:
    new = changed("xgboost==2.0.2\nb\n", HERE, is_toml=False)

    assert new.splitlines() == [
        "xgboost-cpu==2.1.4; platform_machine == 'x86_64'",
        "xgboost==2.0.2; platform_machine != 'x86_64'",
        "b",
    ]


def test_pyproject_is_changed_in_its_dependencies_alone() -> None:
    new = changed(PYPROJECT, SWAP, is_toml=True)

    old_line = "  \"XGBoost==2.0.2; sys_platform == 'linux'\",  # heavy\n"
    new_line = "  \"xgboost-cpu==2.1.4; sys_platform == 'linux'\",  # heavy\n"
    assert new == PYPROJECT.replace(old_line, new_line)


def test_a_line_of_pyproject_is_taken_out() -> None:
    new = changed(PYPROJECT, DROP, is_toml=True)

    assert new == "".join(
        line for line in PYPROJECT.splitlines(keepends=True) if "XGBoost" not in line
    )


def test_in_pyproject_two_lines_stand_for_one() -> None:
    new = changed(PYPROJECT, HERE, is_toml=True)

    assert (
        "  \"xgboost-cpu==2.1.4; sys_platform == 'linux' and platform_machine == 'x86_64'\",\n"
        "  \"XGBoost==2.0.2; sys_platform == 'linux' and platform_machine != 'x86_64'\",  # heavy\n"
    ) in new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["a", "xgboost", "b"]', '["a", "b"]'),
        ('["xgboost"]', "[]"),
        ('["xgboost", "b"]', '["b"]'),
        ('["a", "xgboost"]', '["a", ]'),
    ],
)
def test_a_list_on_one_line_is_changed_too(before: str, after: str) -> None:
    text = f"[project]\ndependencies = {before}\n"

    assert changed(text, DROP, is_toml=True) == f"[project]\ndependencies = {after}\n"


def test_what_is_not_understood_is_left_to_people() -> None:
    text = '[project]\ndependencies = ["xg\\u0062oost"]\n'

    with pytest.raises(ProjectError, match="cannot be changed here"):
        changed(text, SWAP, is_toml=True)


def test_the_diff_is_one_that_patch_reads() -> None:
    assert unified_diff("a\nb\n", "a\nc\n", name="requirements.in") == (
        "--- a/requirements.in\n+++ b/requirements.in\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    )
    assert "\\ No newline at end of file" in unified_diff("a", "b", name="x")
