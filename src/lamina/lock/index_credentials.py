"""Which user name and password belong to which origin, from where uv takes them too; pure.

uv tells where a file is without the credentials that it used itself, so whoever downloads has to
find them again: in the addresses of indexes, in the variables of named indexes, in netrc.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

Login = tuple[str, str]
"""A user name and a password."""

_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)=(?P<url>.*)")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    url: str
    name: str = ""


def index_credentials(
    environment: Mapping[str, str], uv_configs: Iterable[str], netrc: Mapping[str, Login]
) -> tuple[tuple[str, Login], ...]:
    """Map origins (``https://host:port``) to the credentials that the user gave for them.

    ``environment`` is the one that uv gets; ``uv_configs`` are the texts of uv's files, strongest
    first; ``netrc`` maps hosts.  A host of netrc counts for its ``https`` origin and for those of
    the indexes, so that no password goes to an origin that nobody named.
    """
    indexes = [*_of_environment(environment), *(i for t in uv_configs for i in _of_config(t))]
    found: dict[str, Login] = {}
    for index in indexes:
        login = _login(index, environment, netrc)
        if login is not None and (where := origin(index.url)):
            found.setdefault(where, login)
    for host, login in netrc.items():
        found.setdefault(f"https://{host.lower()}:443", login)
    return tuple(found.items())


def origin(url: str) -> str:
    """Name scheme, host and port of ``url``, empty for an address that has none.

    >>> origin("https://me:secret@Example.org/simple/")
    'https://example.org:443'
    """
    parts = _split(url)
    if parts is None or parts.scheme not in _PORTS:
        return ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{_port(parts)}"


def without_login(url: str) -> str:
    """Return ``url`` without user name and password.

    >>> without_login("https://me:secret@example.org/a.whl#sha256=1")
    'https://example.org/a.whl#sha256=1'
    """
    parts = _split(url)
    if parts is None or "@" not in parts.netloc:
        return url if parts is not None else ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def uv_config_paths(environment: Mapping[str, str], directory: str) -> tuple[str, ...]:
    """List the files that uv may read for a project in ``directory``, strongest first."""
    if environment.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "on"}:
        return ()
    if chosen := environment.get("UV_CONFIG_FILE"):
        return (chosen,)
    home = environment.get("HOME", "")
    user = environment.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    above = directory.rstrip("/").split("/")
    folders = ["/".join(above[:n]) for n in range(len(above), 0, -1)]
    return (
        *(f"{folder}/{name}" for folder in folders for name in ("uv.toml", "pyproject.toml")),
        *([f"{user}/uv/uv.toml"] if user else []),
        "/etc/xdg/uv/uv.toml",
        "/etc/uv/uv.toml",
    )


def _of_environment(environment: Mapping[str, str]) -> Iterator[_Index]:
    for variable in _INDEX_VARIABLES:
        for word in environment.get(variable, "").split():
            named = _NAMED.fullmatch(word)
            yield _Index(name=named["name"], url=named["url"]) if named else _Index(url=word)
    for url in environment.get("UV_FIND_LINKS", "").split(","):
        yield _Index(url=url.strip())


def _of_config(text: str) -> Iterator[_Index]:
    """Read uv.toml, or the table of uv in a pyproject.toml; uv itself complains about bad ones."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    table = _table(_table(document, "tool"), "uv") if "tool" in document else document
    for row in _list(table, "index"):
        if isinstance(row, dict):
            yield _Index(name=str(row.get("name", "")), url=str(row.get("url", "")))
    for options in (table, _table(table, "pip")):
        urls = [options.get("index-url"), *_list(options, "extra-index-url")]
        yield from (_Index(url=str(url)) for url in (*urls, *_list(options, "find-links")) if url)


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key)
    return value if isinstance(value, list) else []


def _login(
    index: _Index, environment: Mapping[str, str], netrc: Mapping[str, Login]
) -> Login | None:
    """Find an index's credentials as uv does: its variables, its address, netrc."""
    variable = "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", index.name.upper())
    user, password = (environment.get(f"{variable}_{part}") for part in ("USERNAME", "PASSWORD"))
    if index.name and (user or password):
        return user or "", password or ""
    parts = _split(index.url)
    if parts is None:
        return None
    stored = netrc.get(parts.hostname or "")
    user = unquote(parts.username or "")
    if parts.password is not None:
        return user, unquote(parts.password)
    if stored is not None and user in {"", stored[0]}:
        return stored
    return (user, "") if user else None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _port(parts)
    except ValueError:  # an IPv6 address without its bracket, a port that is no number
        return None
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS.get(parts.scheme, 0)
