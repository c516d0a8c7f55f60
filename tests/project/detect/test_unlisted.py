"""What the code imports is missed where nothing lists dependencies."""

from tests.project.detect.snapshots import detected

_CODE = "import os\nimport idna\nfrom yaml.nodes import Node\nimport shop.web\n"
_PROJECT = {"main.py": _CODE, "shop/web.py": ""}


def advice(files: dict[str, str]) -> str:
    return "\n".join(detected(files).advice)


def test_imports_that_nothing_lists_are_named() -> None:
    found = advice(_PROJECT)

    assert "nothing lists dependencies, and the code imports idna, yaml: list them in" in found


def test_lists_lying_around_are_named() -> None:
    found = advice({**_PROJECT, "deploy/requirements.txt": "idna", "notes.txt": ""})

    assert "`lamina lock --from FILE` locks what one of these lists: deploy/requirements.txt" in (
        found
    )


def test_a_project_that_lists_something_or_imports_nothing_is_left_alone() -> None:
    assert "nothing lists" not in advice({**_PROJECT, "requirements.txt": "idna"})
    assert "nothing lists" not in advice({"main.py": "import os, shop", "shop/__init__.py": ""})


def test_only_a_few_of_many_names_are_shown() -> None:
    code = "".join(f"import far{number}\n" for number in range(7))

    assert "far4 and 2 more" in advice({"main.py": code})


def test_the_root_of_a_workspace_names_its_members() -> None:
    root = '[tool.uv.workspace]\nmembers = ["services/*"]\n'
    member = {"services/api/pyproject.toml": '[project]\nname = "api"\n'}

    assert "run `lamina init` in services/api" in advice({"pyproject.toml": root, **member})
    assert "root of a workspace, whose members are the programs" in advice({"pyproject.toml": root})
    both = f'[project]\nname = "root"\n{root}'
    assert "root of a workspace" not in advice({"pyproject.toml": both, **member})
