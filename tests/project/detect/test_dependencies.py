"""Which file lists what a project needs, and whether it pins it."""

import pytest

from lamina.project.detect.dependencies import find_dependencies
from tests.project.detect.snapshots import snapshot

_HASH = f"--hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("files", "file", "is_locked"),
    [
        ({"pylock.toml": '[[packages]]\nname = "idna"\n'}, "pylock.toml", True),
        ({"uv.lock": '[[package]]\nname = "idna"\n', "requirements.txt": "idna"}, "uv.lock", True),
        ({"poetry.lock": '[[package]]\nname = "idna"\n'}, "poetry.lock", True),
        ({"Pipfile.lock": '{"default": {"idna": {}}}', "Pipfile": ""}, "Pipfile.lock", True),
        ({"requirements.txt": f"# c\nidna==3.1 \\\n    {_HASH}\n"}, "requirements.txt", True),
        ({"requirements.txt": f"idna==3.1 {_HASH}\nrich\n"}, "requirements.txt", False),
        ({"requirements.txt": "idna>=3\n"}, "requirements.txt", False),
        ({"requirements.in": "idna\n"}, "requirements.in", False),
        ({"pyproject.toml": '[project]\ndependencies = ["idna"]\n'}, "pyproject.toml", False),
        ({"requirements/base.txt": "idna", "setup.py": ""}, "requirements/base.txt", False),
        (
            {"requirements/production.in": "-r base.in\n", "requirements/base.in": "idna\n"},
            "requirements/production.in",
            False,
        ),
        ({"requirements-prod.txt": f"idna==3.1 {_HASH}\n"}, "requirements-prod.txt", False),
        (
            {"requirements.txt": "-r requirements/base.txt\n", "requirements/base.txt": "idna\n"},
            "requirements.txt",
            False,
        ),
        ({"Pipfile": '[packages]\nidna = "*"\n'}, "Pipfile", False),
        ({"environment.yml": "dependencies:\n  - idna=3\n"}, "environment.yml", False),
        ({"setup.cfg": "[options]\ninstall_requires =\n    idna>=3\n"}, "setup.cfg", False),
        ({"setup.py": "setup(name='x', install_requires=['idna'])"}, "setup.py", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_file_that_a_build_reads_is_found(
    files: dict[str, str],
    file: str,
    is_locked: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    found = find_dependencies(snapshot(files))

    assert (found.file.value, found.is_locked) == (file, is_locked)
    assert "idna" in found.listed


def test_files_that_include_each_other_are_read_once() -> None:
    files = {"requirements.txt": "-r a.txt\nidna", "a.txt": "-r requirements.txt\nrich"}

    assert find_dependencies(snapshot(files)).listed == {"idna", "rich"}


def test_a_list_for_developers_is_none_of_the_programs() -> None:
    found = find_dependencies(snapshot({"requirements/dev.txt": "pytest", "main.py": ""}))

    assert found.file.value == ""


def test_a_project_without_dependencies_needs_no_lock() -> None:
    found = find_dependencies(snapshot({"setup.cfg": "[metadata]\n", "main.py": ""}))

    assert (found.file.value, found.is_locked) == ("", True)


def test_poetrys_notation_is_known_for_what_it_is() -> None:
    text = '[tool.poetry.dependencies]\npython = "^3.11"\nidna = "*"\n'

    found = find_dependencies(snapshot({"pyproject.toml": text}))

    assert found.is_poetry
    assert found.listed == {"idna"}


def test_a_group_has_what_it_includes() -> None:
    text = (
        "[dependency-groups]\n"
        'ui = ["Streamlit>=1", {include-group = "charts"}]\n'
        'charts = ["plotly", {include-group = "ui"}]\n'
    )

    found = find_dependencies(snapshot({"pyproject.toml": text}))

    assert found.optional["group", "ui"] == {"streamlit", "plotly"}


@pytest.mark.parametrize("name", ["pyproject.toml", "Pipfile.lock", "uv.lock", "setup.py"])
def test_a_file_that_cannot_be_read_lists_nothing(name: str) -> None:
    assert find_dependencies(snapshot({name: "{[("})).listed == frozenset()
