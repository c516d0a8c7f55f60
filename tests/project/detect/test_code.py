"""What is read off a module without running it."""

import pytest

from lamina.project.detect.code import App, module_name, reached, read_code


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/shop/web.py", "shop.web"),
        ("shop/__init__.py", "shop"),
        ("main.py", "main"),
        ("src/main.py", "main"),
    ],
)
def test_a_module_is_called_as_others_import_it(path: str, name: str) -> None:
    assert module_name(path) == name


def test_imports_that_may_fail_or_come_later_are_not_needed_to_start() -> None:
    code = read_code(
        "import idna\n"
        "from .tax import rate\n"
        "try:\n    import nltk\nexcept ImportError:\n    nltk = None\n"
        "if TYPE_CHECKING:\n    import numpy\n"
        "def train():\n    import torch\n",
        path="src/shop/web.py",
    )

    assert code.imports == {"idna", "shop.tax.rate"}
    assert {"nltk", "numpy", "torch"} <= code.later


def test_an_application_is_found_by_what_makes_it() -> None:
    code = read_code("import fastapi\napi = fastapi.FastAPI(title='x')\n", path="web.py")

    assert code.apps == (App(framework="fastapi", name="api"),)


def test_a_function_without_arguments_that_makes_one_is_a_factory() -> None:
    text = "def create_app(debug=False):\n    app = Flask(__name__)\n    return app\n"

    assert read_code(text, path="web.py").apps == (
        App(framework="flask", name="create_app", is_factory=True),
    )
    assert read_code(text.replace("debug=False", "settings"), path="web.py").apps == ()


@pytest.mark.parametrize(
    "line",
    [
        "uvicorn.run(app, host='0.0.0.0', port=9000)",
        "app.run(port=int(os.environ.get('PORT', '9000')))",
        "PORT = 9000\nuvicorn.run(app, port=PORT)",
        "port = os.getenv('SHOP_PORT', 9000)",
        "parser.add_argument('--port', type=int, default=9000)",
        "class Settings(BaseSettings):\n    port: int = 9000",
        "demo.launch(server_port=9000)",
    ],
)
def test_a_port_is_read_wherever_a_server_may_take_it_from(line: str) -> None:
    assert [port for port, _ in read_code(line, path="web.py").ports][:1] == [9000]


@pytest.mark.parametrize("line", ["connect(port=5432)", "uvicorn.run(app, port=True)", "x = 80"])
def test_other_numbers_are_no_port(line: str) -> None:
    assert read_code(line, path="web.py").ports == ()


def test_routes_with_parameters_are_not_asked() -> None:
    text = "@app.get('/items/{id}')\ndef item(id): ...\n@app.get('/health')\ndef health(): ...\n"

    assert read_code(text, path="web.py").routes == (("/health", "app", 3),)


@pytest.mark.parametrize("text", ["def (", "\0", "(" * 5000])
def test_what_is_not_python_says_nothing(text: str) -> None:
    code = read_code(text, path="web.py")

    assert (code.module, code.imports, code.apps) == ("web", frozenset(), ())


def test_what_a_module_reaches_includes_the_packages_above_it() -> None:
    codes = [
        read_code(text, path=path)
        for path, text in {
            "shop/__init__.py": "import idna",
            "shop/web.py": "from shop import tax",
            "shop/tax.py": "",
            "shop/ui.py": "import streamlit",
        }.items()
    ]

    found = {code.module for code in reached(codes, "shop.web")}

    assert found == {"shop", "shop.web", "shop.tax"}
    assert len(reached(codes, "unknown")) == 4
