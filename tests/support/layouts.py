"""Ten ways to lay out a Python project, each a small program that runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_WEB: Final = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/healthz")
def health() -> dict[str, bool]:
    return {"ok": True}
"""
_MANAGE: Final = """\
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""
_SETTINGS: Final = """\
SECRET_KEY = "only for a test"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
"""
_URLS: Final = """\
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("health/", lambda request: HttpResponse("ok"))]
"""
_WSGI: Final = """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
"""
_FLASK: Final = """\
from flask import Flask

app = Flask(__name__)


@app.route("/health")
def health() -> str:
    return "ok"
"""
_STARLETTE: Final = """\
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def health(request):
    return PlainTextResponse("ok")


app = Starlette(routes=[Route("/ping", health)])
"""
_PAGE: Final = """\
import streamlit as st

st.title("shop")
"""
_BUILT: Final = """\
[build-system]
requires = ["{backend}"]
build-backend = "{module}"

[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
"""
_UV: Final = _BUILT.format(backend="uv_build>=0.9,<0.14", module="uv_build")
_HATCHLING: Final = _BUILT.format(backend="hatchling", module="hatchling.build")
_POETRY: Final = """\
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"

[tool.poetry]
name = "shop"
version = "1"
description = ""
authors = []
packages = [{ include = "shop" }]

[tool.poetry.dependencies]
python = "^3.11"
idna = "*"

[tool.poetry.scripts]
shop = "shop.cli:main"
"""
_CLI: Final = """\
import idna


def main() -> None:
    print(idna.encode("shop"))
"""
MAKEFILE: Final = "all:\n\techo mine\n\ndocker-size:\n\techo my own\n"
DOCKERFILE: Final = "FROM python:3.11-slim\nEXPOSE 9000\n"

LAYOUTS: Final[Mapping[str, Mapping[str, str]]] = {
    "src": {
        "pyproject.toml": f'{_UV}dependencies = ["idna"]\n\n[project.scripts]\n'
        'shop = "shop.cli:main"\n',
        "src/shop/__init__.py": "",
        "src/shop/cli.py": _CLI,
    },
    "flat": {
        "pyproject.toml": f'{_HATCHLING}dependencies = ["idna"]\n',
        "shop/__init__.py": "",
        "shop/__main__.py": "import idna\n\nprint(idna.encode('shop'))\n",
    },
    "requirements": {
        "requirements.txt": "flask\ngunicorn\n",
        "app.py": _FLASK,
        "Makefile": MAKEFILE,
        "Dockerfile": DOCKERFILE,
    },
    "uv": {
        "pyproject.toml": f'{_UV}dependencies = ["fastapi", "uvicorn"]\n',
        "src/shop/__init__.py": "",
        "src/shop/web.py": _WEB,
    },
    "poetry": {
        "pyproject.toml": _POETRY,
        "shop/__init__.py": "",
        "shop/cli.py": _CLI,
    },
    "pip-tools": {
        "requirements.in": "starlette\nuvicorn\n",
        "web.py": _STARLETTE,
    },
    "django": {
        "requirements.txt": "django>=5\ngunicorn\n",
        "manage.py": _MANAGE,
        "shop/__init__.py": "",
        "shop/settings.py": _SETTINGS,
        "shop/urls.py": _URLS,
        "shop/wsgi.py": _WSGI,
    },
    "fastapi": {
        "requirements.in": "fastapi\nuvicorn\n",
        "app/__init__.py": "",
        "app/main.py": _WEB,
        "docker/Dockerfile": DOCKERFILE,
    },
    "streamlit": {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["streamlit"]\n',
        "app.py": _PAGE,
    },
    "script": {
        "main.py": "if __name__ == '__main__':\n    print('hello')\n",
    },
}


def write_layout(name: str, folder: Path) -> Path:
    """Write one of them into ``folder / "shop"``; return that."""
    project = folder / "shop"
    for path, text in LAYOUTS[name].items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return project
