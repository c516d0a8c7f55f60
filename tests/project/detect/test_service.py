"""What an image starts, on which port, and which path says that it is well."""

import pytest

from tests.project.detect.snapshots import detected

_FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
_BUILT = '[build-system]\n[project]\nname = "shop"\n'
_PAGE = "import streamlit as st\nst.title('x')\n"


def test_the_server_is_the_one_that_is_listed() -> None:
    uvicorn = detected({"main.py": _FASTAPI, "requirements.txt": "fastapi\nuvicorn"}).service
    hypercorn = detected({"main.py": _FASTAPI, "requirements.txt": "fastapi\nhypercorn"}).service
    extra = detected({"main.py": _FASTAPI, "requirements.txt": "fastapi[standard]"}).service
    none = detected({"main.py": _FASTAPI, "requirements.txt": "fastapi"}).service

    assert uvicorn.entrypoint.value == (
        "uvicorn",
        "main:app",
        "--host",
        "0.0.0.0",
        "--port",
        "8000",
    )
    assert hypercorn.entrypoint.value == ("hypercorn", "--bind", "0.0.0.0:8000", "main:app")
    assert (extra.entrypoint.value[0], extra.advice) == ("uvicorn", ())
    assert "add uvicorn" in none.advice[0]


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ("gunicorn", ("gunicorn", "--bind", "0.0.0.0:5000", "app:app")),
        ("waitress", ("waitress-serve", "--listen=0.0.0.0:5000", "app:app")),
        ("", ("flask", "--app", "app:app", "run", "--host", "0.0.0.0", "--port", "5000")),
    ],
)
def test_flask_is_served_by_what_there_is(listed: str, words: tuple[str, ...]) -> None:
    files = {"app.py": "app = Flask(__name__)\n", "requirements.txt": f"flask\n{listed}\n"}

    assert detected(files).service.entrypoint.value == words


def test_an_application_that_a_function_made_elsewhere_is_preferred_to_the_function() -> None:
    files = {
        "shop/factory.py": "def create_app():\n    return FastAPI()\n",
        "shop/main.py": "from shop.factory import create_app\napp = create_app()\n",
        "requirements.in": "fastapi\nuvicorn\n",
    }

    assert detected(files).service.entrypoint.value[1] == "shop.main:app"


def test_a_factory_alone_is_called() -> None:
    files = {"web.py": "def create_app():\n    return FastAPI()\n", "requirements.in": "uvicorn"}

    assert detected(files).service.entrypoint.value[:3] == (
        "uvicorn",
        "--factory",
        "web:create_app",
    )


def test_an_application_in_tests_is_not_the_program() -> None:
    files = {"tests/app.py": _FASTAPI, "main.py": "if __name__ == '__main__':\n    pass\n"}

    assert detected(files).service.entrypoint.value == ("python", "main.py")


def test_a_module_that_no_wheel_holds_is_included() -> None:
    files = {"pyproject.toml": _BUILT, "main.py": _FASTAPI, "shop/__init__.py": ""}

    assert detected(files).service.include == ("main.py",)
    assert detected({"main.py": _FASTAPI}).service.include == ()


def test_a_page_is_started_by_its_path() -> None:
    service = detected({"pyproject.toml": _BUILT, "src/shop/ui.py": _PAGE}).service

    assert service.entrypoint.value[:3] == ("streamlit", "run", "src/shop/ui.py")
    assert service.include == ("src/shop/ui.py",)
    assert (service.port.value, service.healthcheck.value) == (8501, "/_stcore/health")


def test_gradio_is_told_where_to_listen_by_variables() -> None:
    service = detected({"app.py": "import gradio as gr\ngr.Interface(f).launch()\n"}).service

    assert service.entrypoint.value == ("python", "app.py")
    assert service.environment["GRADIO_SERVER_NAME"] == "0.0.0.0"
    assert service.port.value == 7860


def test_django_is_served_by_gunicorn_or_for_development() -> None:
    files = {
        "manage.py": "",
        "shop/wsgi.py": "",
        "shop/settings.py": "",
        "shop/urls.py": "urlpatterns = [path('', home), path('healthz', ok)]",
        "cart/urls.py": "urlpatterns = [path('health', other)]",
    }

    served = detected({**files, "requirements.txt": "django\ngunicorn"}).service
    bare = detected({**files, "requirements.txt": "Django"}).service

    assert served.entrypoint.value[-1] == "shop.wsgi:application"
    assert served.healthcheck.value == "/healthz"
    assert bare.entrypoint.value[:3] == ("python", "manage.py", "runserver")
    assert "gunicorn" in bare.advice[0]


def test_a_procfile_says_how_the_web_process_starts() -> None:
    files = {"Procfile": "worker: x\nweb: gunicorn shop:app --bind 0.0.0.0:7000\n", "app.py": ""}

    service = detected(files).service

    assert service.entrypoint.value == ("gunicorn", "shop:app", "--bind", "0.0.0.0:7000")
    assert service.port.value == 7000


def test_a_procfile_that_needs_a_shell_is_left_alone() -> None:
    files = {"Procfile": "web: python main.py --port $PORT\n", "main.py": "print(1)\n"}

    assert detected(files).service.entrypoint.value == ("python", "main.py")


def test_the_projects_own_console_script_is_its_program() -> None:
    text = f'{_BUILT}[project.scripts]\nother = "shop.x:main"\nshop = "shop.cli:main"\n'
    files = {"pyproject.toml": text, "src/shop/cli.py": "def main(): ..."}

    assert detected(files).service.entrypoint.value == ("shop",)


def test_a_console_script_of_a_project_that_is_no_wheel_is_called_by_python() -> None:
    text = '[project]\nname = "shop"\n[project.scripts]\nshop = "shop.cli:main"\n'

    words = detected({"pyproject.toml": text, "shop/cli.py": ""}).service.entrypoint.value

    assert words[:2] == ("python", "-c")
    assert "from shop.cli import main" in words[2]


def test_what_looks_like_no_program_is_said_to_be_none() -> None:
    service = detected({"one.py": "", "two.py": ""}).service

    assert service.entrypoint.value == ()
    assert service.advice


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("@app.get('/health')\ndef h(): ...\n", "/health"),
        ("@app.get('/status')\ndef h(): ...\n@app.get('/healthz')\ndef g(): ...\n", "/healthz"),
        ("@app.get('/')\ndef h(): ...\n", "/"),
        ("@app.get('/items')\ndef h(): ...\n", ""),
        ("router = APIRouter()\n@router.get('/ping')\ndef h(): ...\n", "/ping"),
        ("router = APIRouter(prefix='/v1')\n@router.get('/ping')\ndef h(): ...\n", ""),
        ("app.include_router(r, prefix='/v1')\n@r.get('/ping')\ndef h(): ...\n", ""),
    ],
)
def test_a_health_path_is_a_route_whose_whole_is_known(code: str, path: str) -> None:
    assert detected({"main.py": _FASTAPI + code}).service.healthcheck.value == path


def test_a_port_in_code_comes_before_one_of_a_dockerfile() -> None:
    files = {"main.py": _FASTAPI, "Dockerfile": "FROM x\nEXPOSE 9001\n"}
    told = {**files, "main.py": f"{_FASTAPI}uvicorn.run(app, port=9000)\n"}

    assert detected(files).service.port.value == 9001
    assert detected(told).service.port.value == 9000
    assert detected(told).service.port.why == "main.py:3 says so"


_GUARDED = "if __name__ == '__main__':\n    pass\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"src/x_y/main.py": _GUARDED, "src/x_y/other.py": _GUARDED}, ("-m", "x_y.main")),
        ({"shop/__init__.py": "", "shop/train.py": _GUARDED}, ("-m", "shop.train")),
        ({"shop/__main__.py": "", "shop/main.py": _GUARDED}, ("-m", "shop")),
        ({"shop/main.py": _GUARDED, "train.py": _GUARDED}, ("train.py",)),
        ({"shop/main.py": _GUARDED, "train.py": ""}, ("train.py",)),
    ],
)
def test_a_module_that_is_made_to_be_run_is_found_wherever_it_is(
    files: dict[str, str], words: tuple[str, ...]
) -> None:
    assert detected(files).service.entrypoint.value == ("python", *words)


def test_of_many_modules_with_a_guard_none_is_guessed() -> None:
    assert detected({"a/one.py": _GUARDED, "a/two.py": _GUARDED}).service.entrypoint.value == ()
