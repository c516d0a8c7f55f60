"""A project with a src layout, whose backend takes its time to make a wheel of it."""

from pathlib import Path

TOOK_S = 0.3
"""The least that building the wheel takes."""

_BACKEND = f"""\
import base64, hashlib, pathlib, time, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    time.sleep({TOOK_S})
    info = "shop_app-1.0.dist-info"
    files = {{str(p.relative_to("src")): p.read_bytes() for p in sorted(pathlib.Path("src").rglob("*.py"))}}
    files[f"{{info}}/METADATA"] = b"Metadata-Version: 2.1\\nName: shop-app\\nVersion: 1.0\\n"
    files[f"{{info}}/WHEEL"] = b"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = [f"{{name}},sha256={{_code(data)}},{{len(data)}}\\n" for name, data in files.items()]
    files[f"{{info}}/RECORD"] = "".join([*rows, f"{{info}}/RECORD,,\\n"]).encode()
    with zipfile.ZipFile(pathlib.Path(folder, "shop_app-1.0-py3-none-any.whl"), "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return "shop_app-1.0-py3-none-any.whl"

def _code(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
"""  # noqa: E501 - a program

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "Shop.App"
version = "1.0"

[tool.lamina]
base = "scratch"
"""


def src_project(folder: Path) -> Path:
    """Write the project, whose name is not normalised."""
    for name, text in {
        "pyproject.toml": _PYPROJECT,
        "backend.py": _BACKEND,
        "src/app/__init__.py": "",
        "src/app/x.py": "answer = 1\n",
        "tests/test_x.py": "assert True\n",
        "pylock.toml": 'lock-version = "1.0"\ncreated-by = "a test"\npackages = []\n',
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
