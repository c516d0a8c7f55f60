"""Why a module is not in the image is looked for in the project."""

from pathlib import Path

from lamina.project.missing import missing_modules, why_missing
from lamina.project.project import Project
from lamina.project.settings import Settings


def why(folder: Path, module: str, **settings: tuple[str, ...]) -> str:
    project = Project(
        directory=folder,
        name="shop",
        requirements=folder / "requirements.txt",
        settings=Settings(**settings),  # type: ignore[arg-type]
    )
    return why_missing(project, module)


def test_what_python_did_not_find_is_read_off_its_words() -> None:
    said = ["ok", "ModuleNotFoundError: No module named 'env.local'", "No module named 'env'"]

    assert missing_modules([*said, "No module named 'idna' (/x.py)"]) == ("env", "idna")


def test_a_requirements_file_that_is_not_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("rich\n")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/prod.txt").write_text("-r base.txt\nTyping_Extensions>=4\n")

    assert why(tmp_path, "typing_extensions") == (
        "requirements/prod.txt lists typing-extensions, and the image is built from "
        "requirements.txt"
    )
    assert why(tmp_path, "rich") == why(tmp_path, "idna") == ""


def test_the_line_that_left_a_module_out_is_named(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "local.py").touch()
    (tmp_path / ".dockerignore").write_text("# caches\n\nenv*\nloc*\n!local.py\n")

    assert why(tmp_path, "env") == "env is left out by .dockerignore, line 3: env*"
    assert why(tmp_path, "local") == ""
    assert why(tmp_path, "local", exclude=("*.py",)) == (
        "local.py is left out by `exclude` in [tool.lamina]: *.py"
    )
