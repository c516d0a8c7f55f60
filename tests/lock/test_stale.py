"""Whether a lock is still what its project asks for, and whether others beside it agree."""

import tomllib

import pytest

from lamina.lock.named import named_distributions
from lamina.lock.stale import disagreement, poetry_hash, stale_lock

UV = """
version = 1

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }

[package.metadata]
requires-dist = [
    { name = "core", editable = "core" },
    { name = "idna", specifier = ">=3,<4" },
    { name = "markupsafe", marker = "extra == 'ui'" },
]

[package.metadata.requires-dev]
train = [{ name = "six" }]

[[package]]
name = "idna"
version = "3.20"
source = { registry = "https://x.example/simple" }
"""
PROJECT = """
[project]
name = "shop"
version = "1"
dependencies = ["core>=1", "Idna<4,>=3"]
[project.optional-dependencies]
ui = ["markupsafe"]
[dependency-groups]
train = ["six"]
all = [{include-group = "train"}]
"""
NEW_POETRY = """
[project]
name = "po"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["idna>=3"]
[dependency-groups]
train = ["six"]
[tool.poetry]
package-mode = false
"""
OLD_POETRY = """
[tool.poetry]
name = "old"
version = "1.0"
[tool.poetry.dependencies]
python = "^3.11"
idna = "^3"
[tool.poetry.group.dev.dependencies]
iniconfig = "*"
"""


def stale(old: str = "", new: str = "") -> str:
    return stale_lock(UV, "uv.lock", tomllib.loads(PROJECT.replace(old, new)), project="shop")


def test_a_lock_that_noted_what_the_project_asks_for_is_current() -> None:
    """The order and spelling of ranges do not count, nor a range of what is a folder."""
    assert stale() == ""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<4,>=3", "<5", "now asks for idna <5"),
        ('"six"', '"six", "rich"', "now asks for rich"),
        ('["markupsafe"]', "[]", "asks for markupsafe no more"),
    ],
)
def test_a_lock_is_out_of_date_when_a_requirement_changed(old: str, new: str, what: str) -> None:
    found = stale(old, new)

    assert found.startswith("uv.lock is out of date: pyproject.toml ")
    assert what in found
    assert found.endswith("; run `uv lock`")


def test_poetrys_own_hash_is_computed() -> None:
    """The figures are what Poetry 2.5.1 wrote for these two files."""
    new, old = tomllib.loads(NEW_POETRY), tomllib.loads(OLD_POETRY)
    lock = f'[metadata]\nlock-version = "2.1"\ncontent-hash = "{poetry_hash(new)}"\n'

    assert poetry_hash(new) == "8f837c871ab841233a7b169c331223296b2b4e80c8d7cbf3c5f784078232ae48"
    assert poetry_hash(old) == "4175226fb7ebce4550a4960752a5b4862d1f0b4d074c489f237808bda96b8d7e"
    assert stale_lock(lock, "poetry.lock", new, project="po") == ""
    assert "run `poetry lock`" in stale_lock(lock, "poetry.lock", old, project="old")


@pytest.mark.parametrize(
    "text", ["", "=", "package = 1", "[[package]]\nname = 1", UV.replace('name = "core"', "x = 1")]
)
def test_a_malformed_lock_is_for_its_reader_to_complain_about(text: str) -> None:
    assert stale_lock(text, "uv.lock", tomllib.loads(PROJECT), project="shop") == ""


def test_locks_that_pin_other_versions_disagree() -> None:
    others = [("poetry.lock", "="), ("requirements.txt", "idna==3.1\nsix==1\n")]

    found = disagreement(UV, "uv.lock", others)

    assert found.startswith("uv.lock is what counts, and requirements.txt beside it pins idna 3.1")
    assert disagreement(UV, "uv.lock", [("requirements.txt", "idna==3.20\nsix==1\n")]) == ""


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("uv.lock", UV, (("idna", "3.20"),)),
        ("requirements.txt", "A_b==1\nc>=2\nd==3.*\n", (("a-b", "1"),)),
        ("pylock.toml", '[[packages]]\nname="A"\nversion="1"\n', (("a", "1"),)),
        ("Pipfile.lock", '{"default": {"A": {"version": "==1"}, "b": {}}}', (("a", "1"),)),
        (
            "poetry.lock",
            '[[package]]\nname="a"\nversion="1"\n[[package]]\nname="b"\nversion="2"\nsource={type="git"}\n',
            (("a", "1"),),
        ),
        ("poetry.lock", '[[package]]\nname="a"\nversion="1"\nsource={type=[1]}\n', ()),
    ],
)
def test_every_lock_names_its_distributions(
    name: str, text: str, found: tuple[tuple[str, str], ...]
) -> None:
    assert named_distributions(text, name) == found
