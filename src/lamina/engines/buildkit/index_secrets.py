"""What the user told pip and uv about indexes, as files that a builder gets as secrets; pure.

Addresses may hold logins, so they are never arguments, and never in the Dockerfile.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final

_MERGING: Final = "unsafe-best-match"


def uv_file(variables: Mapping[str, str]) -> str:
    """Write uv.toml from variables as uv reads them; empty where they say nothing of indexes.

    Folders of this machine are left out, for the builder does not see them.
    """
    default = variables.get("UV_DEFAULT_INDEX") or variables.get("UV_INDEX_URL") or ""
    more = variables.get("UV_INDEX") or variables.get("UV_EXTRA_INDEX_URL") or ""
    rows = [f"[[index]]\nurl = {_text(url)}\n" for url in _remote(more.split())]
    rows += [f"[[index]]\nurl = {_text(url)}\ndefault = true\n" for url in _remote([default])]
    head = []
    if hosts := (variables.get("UV_INSECURE_HOST") or "").split():
        head.append(f"allow-insecure-host = {json.dumps(hosts)}\n")
    if links := _remote((variables.get("UV_FIND_LINKS") or "").split(",")):
        head.append(f"find-links = {json.dumps(links)}\n")
    if rows:
        head.append(f"index-strategy = {_text(variables.get('UV_INDEX_STRATEGY') or _MERGING)}\n")
    return "".join([*head, *rows])


def pip_file(variables: Mapping[str, str]) -> str:
    """Write pip.conf for the same indexes, from which uv itself comes."""
    default = variables.get("UV_DEFAULT_INDEX") or variables.get("UV_INDEX_URL") or ""
    more = variables.get("UV_INDEX") or variables.get("UV_EXTRA_INDEX_URL") or ""
    options = {
        "index-url": _remote([default]),
        "extra-index-url": _remote(more.split()),
        "trusted-host": (variables.get("UV_INSECURE_HOST") or "").split(),
    }
    rows = [f"{name} = {' '.join(values)}\n" for name, values in options.items() if values]
    return "".join(["[global]\n", *rows]) if rows else ""


def _remote(addresses: Iterable[str]) -> list[str]:
    """Keep what the builder can reach; an index may be written as ``name=address``."""
    found = [
        a.partition("=")[2] if a.partition("=")[2].startswith("http") else a for a in addresses
    ]
    return [address for address in found if address.startswith(("http://", "https://"))]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # a basic string of TOML, too
