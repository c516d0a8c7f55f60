"""Where packages come from and through what: indexes, Debian's archive, proxies, certificates."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from lamina.bases.apt_transport import HELPER
from lamina.debian.sources import ArchiveSource, read_sources
from lamina.doctor.check import Check, failed, origin_text
from lamina.errors import ProjectError
from lamina.http.settings import HttpSettings
from lamina.lock.index_credentials import origin
from lamina.lock.index_settings import merges_indexes

_VARIABLES = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
)
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)=(?P<url>.*)")


def check_indexes(
    environment: Mapping[str, str], configs: Mapping[str, str], origins: Collection[str]
) -> Check:
    """Say which indexes are named; ``environment`` is uv's, with pip's settings in uv's words.

    ``configs`` are the texts of the files that uv may read, by their paths; ``origins`` are those
    that there are credentials for.
    """
    lines = [
        f"{variable}: {', '.join(_index(word, origins) for word in _words(variable, text))}"
        for variable in _VARIABLES
        if (text := environment.get(variable, ""))
    ]
    if environment.get("UV_NO_INDEX"):
        lines.append("UV_NO_INDEX: no index is asked")
    lines += [f"{path}: uv reads it, too" for path in configs if _is_uvs(path, configs[path])]
    what = "\n".join(lines or ["none is named: uv's own default"])
    if merges_indexes(environment):
        return Check(
            name="indexes",
            state="warning",
            what=f"{what}\nseveral indexes may each supply any name",
            hint="pin the index of each package in uv's settings (tool.uv.sources)",
        )
    return Check(name="indexes", state="ok", what=what)


def check_archives(root: Path = Path("/")) -> Check:
    """Read the apt configuration below ``root``, as a Debian base would."""
    try:
        sources = read_sources(root)
    except ProjectError as error:
        return failed("Debian archive", error, state="warning")
    if not sources:
        return Check(
            name="Debian archive",
            state="absent",
            what="no source in /etc/apt, only needed for debian: and ubuntu: bases",
            hint="add sources, or choose an image of a registry as the base",
        )
    lines = [_archive(uri, sources) for uri in dict.fromkeys(s.uris[0] for s in sources)]
    helper = "by apt's own helper" if HELPER.is_file() else "by Lamina, for there is no apt-helper"
    what = "\n".join([*lines, f"fetched {helper}"])
    keyless = [s.where for s in sources if not (s.key_block or any(map(Path.exists, s.keyrings)))]
    if keyless:
        return Check(
            name="Debian archive",
            state="warning",
            what=f"{what}\nwithout a key to check its signature with: {', '.join(keyless)}",
            hint="install the archive's keyring package, or name the keyring with Signed-By",
        )
    return Check(name="Debian archive", state="ok", what=what)


def check_proxies(settings: HttpSettings) -> Check:
    """Say which proxies downloads go through."""
    found = [
        f"{scheme}: {origin_text(url if '://' in url else f'http://{url}')}"
        for scheme, url in settings.proxies
    ]
    exceptions = [rule for rule in settings.no_proxy if rule]
    if found and exceptions:
        found.append(f"not for {', '.join(exceptions)}")
    what = "\n".join(found or ["none"])
    if "cannot be read" in what:
        hint = "write http_proxy and https_proxy as http://HOST:PORT"
        return Check(name="proxies", state="warning", what=what, hint=hint)
    return Check(name="proxies", state="ok", what=what)


def check_certificates(settings: HttpSettings) -> Check:
    """Say whom downloads trust, and which registries have authorities of their own."""
    path = settings.certificates
    if path is not None and not path.is_file():
        return Check(
            name="certificates",
            state="warning",
            what=f"{path} is not there, so nothing can be fetched over TLS",
            hint="look at PIP_CERT, SSL_CERT_FILE and REQUESTS_CA_BUNDLE",
        )
    lines = [f"{path}" if path else "the system's"]
    own = sorted(f"{path.parent}" for folder in settings.authorities for path in _crt(folder))
    lines += [f"{folder}: for this registry alone" for folder in dict.fromkeys(own)]
    return Check(name="certificates", state="ok", what="\n".join(lines))


def _is_uvs(path: str, text: str) -> bool:
    return not path.endswith("pyproject.toml") or "[tool.uv" in text


def _words(variable: str, text: str) -> list[str]:
    parts = text.split(",") if variable == "UV_FIND_LINKS" else text.split()
    return [part.strip() for part in parts if part.strip()]


def _index(word: str, origins: Collection[str]) -> str:
    named = _NAMED.fullmatch(word)
    url = named["url"] if named else word
    label = f"{named['name']} at " if named else ""
    if url.startswith(("/", "./", "../", "file:")):
        return f"{label}{url}"
    mark = " (with credentials)" if origin(url) in origins else ""
    return f"{label}{origin_text(url)}{mark}"


def _archive(uri: str, sources: Iterable[ArchiveSource]) -> str:
    suites = dict.fromkeys(source.suite for source in sources if source.uris[0] == uri)
    where = uri if uri.startswith(("file:", "copy:")) else origin_text(uri)
    return f"{', '.join(suites)} at {where}"


def _crt(folder: Path) -> list[Path]:
    try:
        return list(folder.glob("*/*.crt"))
    except OSError:
        return []
