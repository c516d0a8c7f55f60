"""Ten layouts: each is recognized, with reasons."""

from pathlib import Path

import pytest

from lamina.project.detect.detect import detect
from lamina.project.detect.snapshot import take_snapshot
from tests.support.layouts import LAYOUTS, write_layout

_STREAMLIT = (
    "streamlit run app.py --server.address 0.0.0.0 --server.port 8501 --server.headless true"
)
_UVICORN = "--host 0.0.0.0 --port"
_EXPECTED = {
    "src": ("src", "console script", "shop", 0, ""),
    "flat": ("flat", "script", "python -m shop", 0, ""),
    "requirements": ("script", "flask", "gunicorn --bind 0.0.0.0:9000 app:app", 9000, "/health"),
    "uv": ("src", "fastapi", f"uvicorn shop.web:app {_UVICORN} 8000", 8000, "/healthz"),
    "poetry": ("flat", "console script", "shop", 0, ""),
    "pip-tools": ("script", "starlette", f"uvicorn web:app {_UVICORN} 8000", 8000, "/ping"),
    "django": ("flat", "django", "gunicorn --bind 0.0.0.0:8000 shop.wsgi:application", 8000,
               "/health/"),
    "fastapi": ("flat", "fastapi", f"uvicorn app.main:app {_UVICORN} 9000", 9000, "/healthz"),
    "streamlit": ("script", "streamlit", _STREAMLIT, 8501, "/_stcore/health"),
    "script": ("script", "script", "python main.py", 0, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognized(name: str, tmp_path: Path) -> None:
    found = detect(take_snapshot(write_layout(name, tmp_path)))

    service = found.service
    assert _EXPECTED[name] == (
        found.layout.kind.value,
        service.framework.value,
        " ".join(service.entrypoint.value),
        service.port.value,
        service.healthcheck.value,
    )
    assert all(why for _, _, why in found.reasons)
