"""Docker's config.json and containers' auth.json: which entry is for a registry, and what it says.

The names are those of docker's configfile package and of containers-auth.json(5).
"""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lamina.errors import ProjectError
from lamina.registry.credentials import Credentials, checked
from lamina.registry.names import canonical
from lamina.registry.place import Place

HUB_KEY: Final = "https://index.docker.io/v1/"
_LARGEST = 1 << 20
_API_PATHS = frozenset({"", "v1", "v1/", "v2", "v2/"})


def read_document(path: Path) -> dict[str, Any]:
    """Read a file of credentials; raise ``ProjectError`` for what is none."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ProjectError("the file is too large to hold credentials", where=str(path))
        document = json.loads(path.read_bytes() or b"{}")
    except OSError as error:
        raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error
    except (ValueError, RecursionError):
        raise ProjectError("the file is not JSON", where=str(path)) from None
    if not isinstance(document, dict):
        raise ProjectError("the file is not a JSON object", where=str(path))
    return document


def helper_of(document: Mapping[str, Any], place: Place) -> str:
    """Name the helper that knows the registry; empty for none."""
    helpers = _table(document, "credHelpers")
    helper = next((helpers[key] for key in _matching(helpers, place)), document.get("credsStore"))
    return str(helper or "")


def entry_of(document: Mapping[str, Any], place: Place, path: Path) -> Credentials | None:
    """Return what the first entry for ``place`` says that says anything.

    Raises ``ProjectError`` for an entry that cannot be read.
    """
    entries = _table(document, "auths")
    found = (_read(entries[key], f"{path}, auths[{key!r}]") for key in _matching(entries, place))
    return next((credentials for credentials in found if credentials is not None), None)


def _matching(table: Mapping[str, Any], place: Place) -> Iterator[str]:
    """List the keys that may be meant: the most precise first, at last those like an address."""
    keys = tuple(_keys(place))
    yield from (key for key in keys if key in table)
    registry = canonical(place.registry)
    yield from (key for key in table if key not in keys and _host(key) == registry)


def _keys(place: Place) -> Iterator[str]:
    """Name the entries that may be meant, the most precise first (containers-auth.json(5))."""
    parts = [place.registry, *place.repository.split("/")]
    for count in range(len(parts), 0, -1):
        name = "/".join(parts[:count])
        yield from (name, f"https://{name}", f"http://{name}")
        yield from (f"https://{name}/v1/", f"https://{name}/v2/")
    if place.registry == "docker.io":
        yield from (HUB_KEY, "index.docker.io", "registry-1.docker.io")


def _host(key: str) -> str:
    """Name the registry of an address as Docker does, which looks at the host alone.

    A path without a scheme is containers' way to write a part of a registry, so it is no address.

    >>> _host("https://r.example/any"), _host("r.example/v2/"), _host("r.example/team")
    ('r.example', 'r.example', '')
    """
    scheme, mark, rest = key.rpartition("://")
    host, _, path = rest.partition("/")
    is_address = scheme.lower() in {"http", "https"} if mark else path in _API_PATHS
    return canonical(host) if is_address else ""


def _read(entry: object, source: str) -> Credentials | None:
    if not isinstance(entry, dict):
        raise ProjectError("an entry is not a table", where=source)
    if token := _text(entry, "registrytoken", source):
        return checked(Credentials(source=source, registry_token=token))
    if token := _text(entry, "identitytoken", source):
        return checked(Credentials(source=source, identity_token=token))
    user, password = _text(entry, "username", source), _text(entry, "password", source)
    if pair := _text(entry, "auth", source):
        user, password = _decoded(pair, source)
    if not user:
        return None
    return checked(Credentials(source=source, user=user, password=password.strip("\0")))


def _decoded(pair: str, source: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(pair.strip(), validate=True).decode()
    except ValueError:
        raise ProjectError(
            "the entry's auth is not base64", where=source, hint="run `docker login` again"
        ) from None
    user, _, password = text.partition(":")
    return user, password


def _text(entry: Mapping[str, Any], name: str, source: str) -> str:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise ProjectError(f"the entry's {name} is not text", where=source)
    return value or ""


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
