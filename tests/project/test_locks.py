"""Which of several files pins a project."""

from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.locks import LOCKS, find_requirements
from lamina.project.settings import Settings


def name_of(folder: Path, settings: Settings | None = None, variant: str = "") -> str:
    found = find_requirements(folder, settings or Settings(), variant)
    return found.name if found else ""


def test_what_a_tool_writes_by_itself_comes_before_what_is_exported(tmp_path: Path) -> None:
    (tmp_path / "requirements.in").touch()
    for name in reversed(LOCKS):
        (tmp_path / name).touch()

        assert name_of(tmp_path) == name


def test_a_list_counts_where_there_is_no_lock(tmp_path: Path) -> None:
    assert name_of(tmp_path) == ""
    (tmp_path / "requirements.in").touch()

    assert name_of(tmp_path) == "requirements.in"


def test_the_setting_wins_over_every_lock(tmp_path: Path) -> None:
    for name in (*LOCKS, "mine.txt"):
        (tmp_path / name).touch()

    assert name_of(tmp_path, Settings(requirements="mine.txt")) == "mine.txt"
    with pytest.raises(ProjectError, match=r"other\.txt does not exist"):
        name_of(tmp_path, Settings(requirements="other.txt"))


@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock", "pylock.toml"])
def test_a_variant_takes_its_extras_from_a_lock_that_knows_them(tmp_path: Path, lock: str) -> None:
    (tmp_path / lock).touch()

    assert name_of(tmp_path, variant="ui") == lock


@pytest.mark.parametrize("lock", ["requirements.txt", "mine.txt"])
def test_a_variant_has_a_requirements_file_of_its_own(tmp_path: Path, lock: str) -> None:
    (tmp_path / lock).touch()
    settings = Settings(requirements=lock)
    own = lock.replace(".txt", ".ui.txt")

    with pytest.raises(ProjectError, match=f"{own} does not exist"):
        name_of(tmp_path, settings, "ui")
    (tmp_path / own).touch()
    assert name_of(tmp_path, settings, "ui") == own


def test_a_variant_cannot_be_made_of_a_list_that_stands_for_a_lock(tmp_path: Path) -> None:
    """A list is resolved at each build, and variants that are would not have equal versions."""
    (tmp_path / "requirements.in").touch()
    settings = Settings(requirements="requirements.in")

    assert name_of(tmp_path, settings) == "requirements.in"
    with pytest.raises(ProjectError, match=r"requirements\.in is a list, and the variant ui") as e:
        name_of(tmp_path, settings, "ui")
    assert 'requirements = "requirements.txt"' in (e.value.hint or "")


@pytest.mark.parametrize(
    ("table", "is_member"),
    [
        ('members = ["packages/*"]', True),
        ('members = ["packages/api"]', True),
        ('members = ["packages/*"]\nexclude = ["packages/api"]', False),
        ('members = ["other"]', False),
        ("members = 3", False),
    ],
)
def test_a_member_of_a_uv_workspace_has_the_lock_above(
    tmp_path: Path, table: str, *, is_member: bool
) -> None:
    member = tmp_path / "packages" / "api"
    member.mkdir(parents=True)
    (member / "pyproject.toml").touch()
    (tmp_path / "uv.lock").touch()
    (tmp_path / "pyproject.toml").write_text(f"[tool.uv.workspace]\n{table}\n")

    assert name_of(member) == ("uv.lock" if is_member else "")
    (member / "requirements.txt").touch()
    assert name_of(member) == ("uv.lock" if is_member else "requirements.txt")


@pytest.mark.parametrize("text", ["=", "tool = 3", "[tool]\nuv = 3"])
def test_a_broken_pyproject_above_is_nobodys_workspace(tmp_path: Path, text: str) -> None:
    member = tmp_path / "api"
    member.mkdir()
    (member / "pyproject.toml").touch()
    (tmp_path / "uv.lock").touch()
    (tmp_path / "pyproject.toml").write_text(text)

    assert name_of(member) == ""


def test_a_list_does_not_stand_for_a_variant_that_installs_more(tmp_path: Path) -> None:
    """It holds nothing of the variant's extras, which would be missing in the image."""
    (tmp_path / "requirements.in").touch()

    with pytest.raises(ProjectError, match=r"requirements\.ui\.txt does not exist"):
        name_of(tmp_path, variant="ui")
