"""A project's files say what it uses, but its lists of dependencies do not."""

from pathlib import Path

from lamina.project.read import read_project
from lamina.weigh.evidence import collect


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
