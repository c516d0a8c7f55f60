"""A project is read from what is on disk, or refused with the file and line of what is wrong."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import LaminaError, ProjectError
from lamina.project.project import Project
from lamina.project.read import read_project

FULL = """\
[build-system]
requires = []

[project]
name = "My_Toy"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["numpy<2", "rich; python_version < '4'"]

[project.scripts]
toy = "toy:main"

[project.optional-dependencies]
gpu = ["torch"]

[dependency-groups]
serve = ["uvicorn", {include-group = "base"}]
base = ["fastapi"]

[tool.lamina]
base = "debian:trixie"
extras = ["gpu"]
groups = ["serve"]
port = 8000

[tool.lamina.environment]
LOG = "info"
"""


def project(folder: Path, text: str) -> Project:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return read_project(folder)


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ProjectError) as caught:
        project(folder, text)
    return caught.value.problems or (str(caught.value),)


def test_a_project_says_its_name_dependencies_and_scripts(tmp_path: Path) -> None:
    toy = project(tmp_path, FULL)

    assert (toy.name, toy.version, toy.requires_python) == ("my-toy", "1.0", ">=3.11")
    assert toy.dependencies == (
        "numpy<2", "rich; python_version < '4'", "torch", "uvicorn", "fastapi",
    )  # fmt: skip
    assert toy.scripts == {"toy": "toy:main"}
    assert toy.is_distributable
    assert toy.requirements is None
    assert (toy.settings.base, toy.settings.port) == ("debian:trixie", 8000)
    assert toy.settings.environment == {"LOG": "info"}


def test_a_folder_with_requirements_alone_is_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "Some.Folder"
    folder.mkdir()
    (folder / "requirements.txt").write_text("")

    toy = read_project(folder)

    assert (toy.name, toy.dependencies, toy.is_distributable) == ("some-folder", (), False)
    assert toy.requirements == folder / "requirements.txt"


def test_pylock_comes_before_requirements_and_the_setting_before_both(tmp_path: Path) -> None:
    for name in ("pylock.toml", "requirements.txt", "other.txt"):
        (tmp_path / name).write_text("")

    plain = project(tmp_path, "[project]\nname = 'toy'\n")
    chosen = project(tmp_path, "[tool.lamina]\nrequirements = 'other.txt'\n")

    assert plain.requirements == tmp_path / "pylock.toml"
    assert chosen.requirements == tmp_path / "other.txt"


def test_a_folder_that_is_not_there_or_holds_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no such directory"):
        read_project(tmp_path / "nowhere")
    with pytest.raises(ProjectError, match="not a Python project"):
        read_project(tmp_path)


def test_every_problem_of_the_settings_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    text = "[tool.lamina]\nbas = 'x'\nport = 0\nuser = ''\n\n[tool.lamina.labels]\na = 1\n"

    assert problems(tmp_path, text) == (
        "pyproject.toml, line 2: tool.lamina.bas: unknown setting, did you mean 'base'?",
        "pyproject.toml, line 3: tool.lamina.port: expected a port, got 0",
        "pyproject.toml, line 4: tool.lamina.user: expected a text, got a text that is empty",
        (
            "pyproject.toml, line 6: tool.lamina.labels: "
            "expected a table of texts, and 'a' is a number"
        ),
    )


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("zzz = 1", "unknown setting"),
        ("base = 3", "expected a text, got a number"),
        ("python = '3'", "expected a version such as '3.11', got '3'"),
        ("python = 3.11", "expected a version such as '3.11', got 3.11"),
        ("include = 'x'", "expected a list of texts, got a text"),
        ("include = [1]", "expected a list of texts, got a list"),
        ("environment = []", "expected a table of texts, got a list"),
        ("environment = {'A=B' = 'c'}", "'A=B' is not the name of a variable"),
        ("environment = {'' = 'c'}", "'' is not the name of a variable"),
        ("port = true", "expected a port, got True"),
        ("port = 65536", "expected a port, got 65536"),
        ("healthcheck = 'health'", "expected an absolute path, got 'health'"),
        ("healthcheck = 1", "expected an absolute path, got 1"),
        ("working-directory = '/app/../etc'", "expected an absolute path"),
        ("working-directory = '/app//x'", "expected an absolute path"),
        ("working-directory = '/app/./x'", "expected an absolute path"),
        ("working-directory = 'app'", "expected an absolute path"),
        ("bytecode = 'some'", "expected 'none', 'imported' or 'all', got 'some'"),
        ("bytecode = []", "expected 'none', 'imported' or 'all', got []"),
        ('user = "a\\u0000b"', "holds a NUL"),
        ('command = ["a\\u0000b"]', "holds a NUL"),
        ('labels = {a = "\\u0000"}', "holds a NUL"),
        ("working_directory = '/x'", "unknown setting, did you mean 'working-directory'?"),
    ],
)
def test_a_wrong_setting_says_what_was_expected(tmp_path: Path, setting: str, problem: str) -> None:
    (found,) = problems(tmp_path, f"[tool.lamina]\n\n{setting}\n")

    assert found.startswith("pyproject.toml, line 3: tool.lamina.")
    assert problem in found


@pytest.mark.parametrize("directory", ["/", "/app", "/srv/app/"])
def test_any_plain_directory_may_be_the_working_one(tmp_path: Path, directory: str) -> None:
    toy = project(tmp_path, f"[tool.lamina]\nworking-directory = '{directory}'\n")

    assert toy.settings.working_directory == directory


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = \n", "pyproject.toml: not valid TOML: Invalid value (at line 1, column 5)"),
        ("a = 1\na = 2\n", "not valid TOML: Cannot overwrite a value (at line 2"),
        ("a = " + "[" * 10_000, "not valid TOML"),
        ("a = " + "1" * 5_000, "not valid TOML"),
        ("tool = 1", "tool.lamina is not a table"),
        ("tool.lamina = 1", "tool.lamina is not a table"),
        ("project = 1", "project is not a table"),
        ("project.scripts = 1", "scripts is not a table"),
        ("project.optional-dependencies = []", "optional-dependencies is not a table"),
        ("dependency-groups = 1", "dependency-groups is not a table"),
        ("project.dependencies = 'numpy'", "dependencies is not a list"),
        ("[project]\nrequires-python = 'x'\n", "line 2: 'x' is not a list of versions"),
        ("[project]\nrequires-python = 3.11\n", "line 2: '3.11' is not a list of versions"),
        (
            "[project]\ndependencies = [\n  'numpy ==',\n]\n",
            "pyproject.toml, line 3: 'numpy ==' is not a requirement",
        ),
        ("project.dependencies = [1]", "1 is not a requirement: expected a text"),
        (
            "project.dependencies = ['a; " + "(" * 5_000 + "']",
            "is not a requirement",
        ),
        ("[tool.lamina]\nextras = ['gpu']\n", "pyproject.toml, line 2: there is no extra 'gpu'"),
        ("[tool.lamina]\ngroups = ['x']\n", "pyproject.toml, line 2: there is no group 'x'"),
        (
            "tool.lamina.groups = ['a']\ndependency-groups.a = [{include-group = 'a'}]",
            "the group 'a' includes itself",
        ),
        (
            "tool.lamina.groups = ['a']\ndependency-groups.a = [{include-group = ['a']}]",
            "is not a requirement",
        ),
        (
            "tool.lamina.groups = ['a']\ndependency-groups.a = [{include-group = 'b'}]",
            "is not a requirement",
        ),
        ("tool.lamina.groups = ['a']\ndependency-groups.a = 1", "a is not a list"),
        ("[tool.lamina]\nrequirements = 'x.txt'\n", "x.txt does not exist"),
        ("tool.lamina.requirements = '../x.txt'", "leaves the project"),
        ("tool.lamina.requirements = '/etc/passwd'", "leaves the project"),
    ],
)
def test_a_malformed_pyproject_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    found = problems(tmp_path, text)

    assert problem in "\n".join(found)


def test_a_group_that_doubles_at_each_step_is_read_in_no_time(tmp_path: Path) -> None:
    """Thirty groups, each including the one before twice, would be a billion requirements."""
    lines = ["[dependency-groups]", "g0 = ['toy']"]
    lines += [f"g{n} = [{{include-group='g{n - 1}'}}, {{include-group='g{n - 1}'}}]"
              for n in range(1, 31)]  # fmt: skip
    text = "\n".join(["[tool.lamina]", "groups = ['g30']", *lines])

    toy = project(tmp_path, text)

    assert toy.dependencies == ("toy",)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a = '\xff'", "not UTF-8"),
        (b"\xef\xbb\xbftool = 1", "tool.lamina is not a table"),
        (b"#" * (16 << 20) + b"#", "larger than"),
    ],
)
def test_odd_bytes_are_understood_or_named(tmp_path: Path, data: bytes, problem: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(data)

    with pytest.raises(ProjectError, match=problem):
        read_project(tmp_path)


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(ProjectError, match=r"pyproject\.toml: cannot read: Permission denied"):
        read_project(tmp_path)


def test_what_is_not_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")

    with pytest.raises(ProjectError, match="not a file"):
        read_project(tmp_path)


@pytest.mark.parametrize("name", ["", "  ", "\\u0000", "a b", "-", "a/../b"])
def test_a_name_that_is_not_one_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    (found,) = problems(tmp_path, f'[project]\nname = "{name}"\n')

    assert found.startswith("pyproject.toml, line 2: ")
    assert "is not a name" in found


_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("toy ; x"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
_KEYS = st.sampled_from(
    [
        "project", "project.name", "project.dependencies", "project.requires-python",
        "project.optional-dependencies.x", "dependency-groups.x", "build-system", "tool.lamina",
        "tool.lamina.extras", "tool.lamina.groups", "tool.lamina.include", "tool.lamina.base",
        "tool.lamina.environment", "tool.lamina.bytecode", "tool.lamina.requirements", "tool",
    ]
)  # fmt: skip


def toml(value: object) -> str:
    """Write a value as TOML; numbers and texts are nearly JSON."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case float():
            return repr(value)
        case _:
            return json.dumps(value)


@given(members=st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_values_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("project")
    text = "".join(f"{key} = {toml(value)}\n" for key, value in members.items())
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")

    with contextlib.suppress(LaminaError):
        read_project(folder)


@given(
    st.binary(max_size=60) | st.text(alphabet="a[]{}='\"\n.\\u0#,1-", max_size=40).map(str.encode)
)
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").write_bytes(data)

    with contextlib.suppress(LaminaError):
        read_project(folder)
