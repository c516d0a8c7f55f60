"""What we call ourselves to servers (RFC 9110, section 10.1.5)."""

from functools import cache


@cache
def agent() -> str:
    """Name Lamina and its version; where it was not installed, Lamina alone."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - once a command

    try:
        return f"lamina/{version('lamina')}"
    except PackageNotFoundError:
        return "lamina"
