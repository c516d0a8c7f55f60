"""A project's files say what it uses, but its lists of dependencies do not."""

from pathlib import Path

from lamina.project.loaded import Loaded
from lamina.project.read import read_project
from lamina.weigh.evidence import collect, loaded_names


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_modules_tests_and_configuration_are_told_apart(tmp_path: Path) -> None:
    project = write(tmp_path, {
        "pyproject.toml": '[tool.lamina]\ncommand = ["gunicorn", "-k", "uvicorn.workers.Worker"]\n'
                          'environment = {STORAGE = "storages.backends.s3"}\n'
                          '[tool.mypy]\nmodule = ["xgboost"]\n',
        "src/shop/web.py": "import flask",
        "tests/test_web.py": "import respx",
        "src/shop/conftest.py": "import pytest",
        "requirements.txt": "streamlit\n",
        "requirements-dev.in": "ruff\n",
        "uv.lock": "black",
        "compose.yaml": "services:\n  db: postgresql+psycopg://db\n  run: celery -A shop\n",
        "Dockerfile": "RUN pip install mlxtend\nCMD streamlit-hello\n",
        ".github/workflows/ci.yml": "run: pre-commit",
        "deploy/run.sh": "exec hypercorn shop:app\n",
        "notes.md": "eli5",
    })  # fmt: skip

    found = collect(read_project(project), loaded=["numpy"])

    assert found.code.packages.keys() == {"flask"}
    assert found.tests.packages.keys() == {"respx", "pytest"}
    assert found.loaded == ("numpy",)
    assert found.words["uvicorn.workers.Worker"] == "tool.lamina.command"
    assert found.words["storages.backends.s3"] == "tool.lamina.environment"
    assert found.words["psycopg"] == "compose.yaml:2"
    assert found.words["celery"] == "compose.yaml:3"
    assert found.words["hypercorn"] == "deploy/run.sh:1"
    absent = {"streamlit", "ruff", "black", "mlxtend", "xgboost", "eli5"}
    assert absent & found.words.keys() == set()


def test_a_project_without_modules_shows_no_code(tmp_path: Path) -> None:
    project = write(tmp_path, {"requirements.txt": "a\n", "tests/test_a.py": "import a"})

    assert not collect(read_project(project)).has_code


def test_of_what_lamina_test_wrote_only_the_programs_own_counts() -> None:
    """The import checks load every dependency, so being loaded by them proves no use."""
    found = Loaded(
        modules={"numpy": ("numpy", "numpy.core"), "streamlit": ("streamlit",)}, program=("numpy",)
    )

    assert loaded_names(found.to_text()) == ("numpy", "numpy.core")
    assert loaded_names("numpy\nstreamlit\n") == ("numpy", "streamlit")


def test_the_list_of_loaded_modules_is_no_configuration_that_names_them(tmp_path: Path) -> None:
    text = Loaded(modules={"streamlit": ("streamlit",)}).to_text()
    project = write(tmp_path, {"requirements.txt": "a\n", "app.py": "", "lamina.loaded.json": text})

    assert "streamlit" not in collect(read_project(project)).words


def test_a_dockerfile_that_lamina_wrote_names_the_lock_and_uses_none_of_it(tmp_path: Path) -> None:
    project = write(tmp_path, {
        "pyproject.toml": "[tool.lamina]\n",
        "docker/Dockerfile": "# Written by `lamina init`, 0123456789abcdef: x\nRUN shap\n",
        "Dockerfile": "CMD gunicorn\n",
    })  # fmt: skip

    found = collect(read_project(project))

    assert "gunicorn" in found.words
    assert "shap" not in found.words
