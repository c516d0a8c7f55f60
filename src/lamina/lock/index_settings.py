"""The user's pip configuration, said in uv's words; uv's own configuration wins where both speak.

uv reads its own files and variables and ignores pip's.  People configure pip, so what pip knows of
indexes and certificates is passed on as environment variables (pip's "Configuration" page; uv's
"Environment variables" page).
"""

import configparser
from collections.abc import Iterable, Mapping

_SECTIONS = ("global", "install", "download")
_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "no-index": "UV_NO_INDEX",
}
_OWN_NAMES = {"UV_DEFAULT_INDEX": ("UV_INDEX_URL",), "UV_INDEX": ("UV_EXTRA_INDEX_URL",)}
_TRUE = {"1", "true", "yes", "on"}


def pip_config_paths(environment: Mapping[str, str]) -> tuple[str, ...]:
    """List the files that pip reads on Linux, weakest first."""
    chosen = environment.get("PIP_CONFIG_FILE", "")
    home = environment.get("HOME", "")
    xdg = environment.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    if chosen == "/dev/null":
        return ()
    paths = (
        "/etc/xdg/pip/pip.conf",
        "/etc/pip.conf",
        f"{home}/.pip/pip.conf" if home else "",
        f"{xdg}/pip/pip.conf" if xdg else "",
        f"{environment['VIRTUAL_ENV']}/pip.conf" if "VIRTUAL_ENV" in environment else "",
        chosen,
    )
    return tuple(path for path in paths if path)


def uv_environment(
    environment: Mapping[str, str], pip_configs: Iterable[str], *, is_pinned: bool
) -> dict[str, str]:
    """Return ``environment`` with pip's settings added in uv's words.

    ``pip_configs`` are the texts of pip's files, weakest first.  For a pinned lock every index may
    supply a file, because its hash decides; otherwise pip's way of merging indexes is kept only
    where pip was told to merge.
    """
    known = _pip_options(environment, pip_configs)
    added = {
        variable: _value(option, known[option])
        for option, variable in _TO_UV.items()
        if known.get(option) and not _has_own(environment, variable)
    }
    if "UV_INDEX" in added or is_pinned:
        added.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return {**added, **environment}


def index_options(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return what uv is told on its command line, for want of a variable that it reads."""
    return ("--no-index",) if environment.get("UV_NO_INDEX", "").lower() in _TRUE else ()


def merges_indexes(environment: Mapping[str, str]) -> bool:
    """Say whether any of several indexes may supply any name, which invites look-alikes."""
    several = "UV_INDEX" in environment or "UV_EXTRA_INDEX_URL" in environment
    return several and environment.get("UV_INDEX_STRATEGY", "").startswith("unsafe")


def _pip_options(environment: Mapping[str, str], configs: Iterable[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for text in configs:
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(text)
        except configparser.Error:
            continue  # pip complains about its own files better than we could
        for section in _SECTIONS:
            if parser.has_section(section):
                options.update(parser.items(section))
    for name, value in environment.items():
        if name.startswith("PIP_"):
            options[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return options


def _value(option: str, text: str) -> str:
    if option == "no-index":
        return "1" if text.strip().lower() in _TRUE else ""
    separator = "," if option == "find-links" else " "
    return separator.join(text.split())


def _has_own(environment: Mapping[str, str], variable: str) -> bool:
    return any(environment.get(name) for name in (variable, *_OWN_NAMES.get(variable, ())))
