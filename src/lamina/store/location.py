"""Where the store is: ``LAMINA_STORE``, else the user's cache directory (XDG base directories)."""

from collections.abc import Mapping
from pathlib import Path

from lamina.errors import StoreError


def store_location(environment: Mapping[str, str]) -> Path:
    """Choose the store's directory; raise ``StoreError`` where there is no home to put it in."""
    if chosen := environment.get("LAMINA_STORE"):
        return Path(chosen).absolute()
    if cache := environment.get("XDG_CACHE_HOME"):
        return Path(cache).absolute() / "lamina"
    try:
        return Path.home() / ".cache" / "lamina"
    except RuntimeError:
        raise StoreError(
            "there is no home directory to keep the store in",
            hint="set LAMINA_STORE to a directory",
        ) from None
