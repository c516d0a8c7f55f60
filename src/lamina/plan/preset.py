"""Preset: variables that make an image behave well as another user, on a read-only root."""

from collections.abc import Collection, Mapping
from typing import Final

_CACHES: Final[Mapping[str, tuple[str, str]]] = {
    "matplotlib": ("MPLCONFIGDIR", "/tmp/matplotlib"),  # noqa: S108 - inside the image
    "numba": ("NUMBA_CACHE_DIR", "/tmp/numba"),  # noqa: S108
    "torch": ("TORCHINDUCTOR_CACHE_DIR", "/tmp/torchinductor"),  # noqa: S108
    "triton": ("TRITON_CACHE_DIR", "/tmp/triton"),  # noqa: S108
    "huggingface-hub": ("HF_HOME", "/tmp/huggingface"),  # noqa: S108
}
_SEARCH_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def preset(
    distributions: Collection[str],
    *,
    venv: str,
    home: str,
    base: Mapping[str, str],
    own: Mapping[str, str],
) -> tuple[tuple[str, str], ...]:
    """Choose the environment of an image that holds ``distributions``.

    ``base`` is what the base image sets.  Libraries that insist on a writable cache get one under
    /tmp.  ``own``, what the project sets itself, comes last and wins.
    """
    chosen = {
        **base,
        "PATH": f"{venv}/bin:{base.get('PATH', _SEARCH_PATH)}",
        "VIRTUAL_ENV": venv,
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": home,
    }
    chosen.update(_CACHES[name] for name in sorted(_CACHES) if name in distributions)
    return tuple({**chosen, **own}.items())
