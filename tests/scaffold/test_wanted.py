"""What a project's images are made of, whatever it is called."""

import pytest

from lamina.scaffold.wanted import Wanted, find_wanted
from tests.project.detect.snapshots import snapshot


def _wanted(*paths: str, include: tuple[str, ...] = (), **texts: str) -> Wanted:
    files = dict.fromkeys(paths, "") | {f"{name}.py": text for name, text in texts.items()}
    return find_wanted(snapshot(files), include)


def test_the_outermost_folder_of_a_package_is_named() -> None:
    found = _wanted("env/__init__.py", "env/deep/__init__.py", "lib/shop/__init__.py", "main.py")

    assert found.packages == ("env", "lib/shop")


def test_everything_below_src_is_the_program() -> None:
    found = _wanted("src/docs/__init__.py", "src/plain/main.py", "src/one.py", "src/a.txt")

    assert found.packages == ("src/docs", "src/plain")


@pytest.mark.parametrize("name", ["docs", "build", "tests", "tensorboard"])
def test_a_folder_called_like_something_else_is_the_program_if_it_is_imported(name: str) -> None:
    files = {f"{name}/rules.py": "", f"{name}/labels.db": ""}

    used = find_wanted(snapshot({**files, "main.py": f"from {name}.rules import x\n"}))
    unused = find_wanted(snapshot({**files, "main.py": f"import {name}\n"}))

    assert used.packages == (name,)
    assert unused.packages == ()  # a distribution, maybe


def test_what_is_imported_by_what_is_imported_counts() -> None:
    files = {
        "main.py": "def run():\n    import docs.a\n",
        "docs/a.py": "from examples import b\n",
        "examples/b.py": "",
    }

    assert find_wanted(snapshot(files)).packages == ("docs", "examples")


def test_tests_and_documents_are_no_program() -> None:
    found = _wanted("tests/__init__.py", "docs/conf.py", "shop/__init__.py")

    assert found.packages == ("shop",)


def test_what_a_backend_reads_is_named_by_its_settings() -> None:
    settings = (
        '[build-system]\nrequires = ["hatchling"]\n'
        '[project]\nname = "shop"\nreadme = "docs/README.md"\n'
        "[tool.hatch.build.targets.wheel.force-include]\n"
        '"docs/assets" = "shop/assets"\n'
        '[tool.ruff.lint.per-file-ignores]\n"tests/conftest.py" = ["ALL"]\n'
    )
    files = {
        "pyproject.toml": settings,
        "docs/README.md": "",
        "docs/assets/a.png": "",
        "tests/conftest.py": "",
        ".gitignore": "",
    }

    assert find_wanted(snapshot(files)).named == (".gitignore", "docs/README.md", "docs/assets")


def test_a_project_that_is_no_wheel_needs_nothing_for_one() -> None:
    files = {"pyproject.toml": '[project]\nname = "x"\nreadme = "README.md"\n', "README.md": ""}

    assert find_wanted(snapshot(files)).named == ()


def test_a_setup_py_names_files_too() -> None:
    found = find_wanted(snapshot({"setup.py": 'open("docs/long.rst")\n', "docs/long.rst": ""}))

    assert found.named == ("docs/long.rst",)
