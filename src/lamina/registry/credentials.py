"""Who we are to a registry: Docker's and containers' files and helpers, read only.

The first of these that knows the registry counts: ``LAMINA_REGISTRY_USER`` and
``LAMINA_REGISTRY_PASSWORD``, for the registry ``LAMINA_REGISTRY`` if that is set; the file
``REGISTRY_AUTH_FILE``; Docker's ``config.json``; containers' ``auth.json``.  Inside a file:
credHelpers, credsStore, auths.
"""

import base64
import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lamina.errors import ProjectError, ToolError
from lamina.registry.place import Place

_HUB_KEY: Final = "https://index.docker.io/v1/"
_HELPER_NAME = re.compile(r"[a-z0-9-]+")
_HELPER_TIMEOUT_S = 30
_LARGEST = 1 << 20
_TOKEN_USER = "<token>"  # noqa: S105 - what helpers call an identity token's user
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user and a password, or a token; ``source`` says where they were found.

    An identity token is good for tokens of the registry, and a registry token is one.  Secrets are
    left out of what is shown.
    """

    source: str
    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    @property
    def is_anonymous(self) -> bool:
        """Nobody in particular."""
        return not (self.user or self.password or self.identity_token or self.registry_token)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        secret = self.password or self.identity_token
        return "Basic " + base64.b64encode(f"{self.user}:{secret}".encode()).decode()


ANONYMOUS: Final = Credentials(source="nowhere: there are none for this registry")

RunHelper = Callable[[str, str], tuple[int, bytes]]
"""Runs the helper ``docker-credential-NAME get`` with the registry on its input."""


class CredentialFinder:
    """Looks for the credentials of a registry in the user's environment."""

    def __init__(self, environment: Mapping[str, str], *, run: RunHelper | None = None) -> None:
        self._environment = environment
        self._run = run or helper_runner(environment)

    def find(self, place: Place) -> Credentials:
        """Return the first credentials for ``place``, or :data:`ANONYMOUS`.

        Raises ``ProjectError`` for a file that cannot be read, and ``ToolError`` for a helper that
        is named and fails: falling back to something weaker is how passwords get where they should
        not (CVE-2021-41092).
        """
        user = self._environment.get("LAMINA_REGISTRY_USER", "")
        if user and self._environment.get("LAMINA_REGISTRY", "") in {"", place.registry}:
            password = self._environment.get("LAMINA_REGISTRY_PASSWORD", "")
            return Credentials(source="LAMINA_REGISTRY_USER", user=user, password=password)
        for path in self.paths():
            if path.is_file():
                found = self._in_file(path, place)
                if found is not None:
                    return found
        return ANONYMOUS

    def paths(self) -> tuple[Path, ...]:
        """List the files that are looked at, strongest first."""
        env = self._environment
        home = env.get("HOME", "")
        config = env.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
        named = env.get("REGISTRY_AUTH_FILE", "")
        docker = env.get("DOCKER_CONFIG") or (f"{home}/.docker" if home else "")
        runtime = env.get("XDG_RUNTIME_DIR", "")
        texts = (
            named,
            f"{docker}/config.json" if docker else "",
            f"{runtime}/containers/auth.json" if runtime else "",
            f"{config}/containers/auth.json" if config else "",
        )
        return tuple(Path(text) for text in dict.fromkeys(texts) if text)

    def explain(self, place: Place) -> tuple[str, ...]:
        """Say of each source what it has for ``place``, in order and without secrets."""
        lines = []
        user = self._environment.get("LAMINA_REGISTRY_USER", "")
        for_all = self._environment.get("LAMINA_REGISTRY", "") in {"", place.registry}
        lines.append(f"LAMINA_REGISTRY_USER: {'used' if user and for_all else 'not set for it'}")
        for path in self.paths():
            if not path.is_file():
                lines.append(f"{path}: not there")
                continue
            found = self._in_file(path, place)
            text = (
                "nothing for it" if found is None else f"{found.user or 'a token'}, {found.source}"
            )
            lines.append(f"{path}: {text}{_exposure(path)}")
        return tuple(lines)

    def _in_file(self, path: Path, place: Place) -> Credentials | None:
        document = _read(path)
        keys = tuple(_keys(place))
        helpers = _table(document, "credHelpers")
        helper = next((helpers[key] for key in keys if key in helpers), document.get("credsStore"))
        if helper:
            found = self._ask(str(helper), place, path)
            if found is not None:
                return found
        auths = _table(document, "auths")
        key = next((key for key in keys if key in auths), None)
        return None if key is None else _from_entry(auths[key], path, key)

    def _ask(self, helper: str, place: Place, path: Path) -> Credentials | None:
        source = f"docker-credential-{helper}, which {path} names"
        if not _HELPER_NAME.fullmatch(helper):
            raise ToolError(f"{helper[:80]!r} is not the name of a helper", where=str(path))
        key = _HUB_KEY if place.registry == "docker.io" else place.registry
        code, output = self._run(helper, key)
        if code and _NOT_FOUND in output.decode("utf-8", "replace"):
            return None
        try:
            answer = json.loads(output) if not code else {}
            user, secret = str(answer["Username"]), str(answer["Secret"])
        except (ValueError, TypeError, KeyError):
            raise ToolError(
                f"docker-credential-{helper} gave no credentials for {place.registry}",
                where=str(path),
                hint="run `docker login` again, or take the helper out of that file",
                why=f"it ended with {code}" if code else "its answer is not what helpers answer",
            ) from None
        if user == _TOKEN_USER:
            return Credentials(source=source, identity_token=secret)
        return Credentials(source=source, user=user, password=secret)


def _keys(place: Place) -> Iterator[str]:
    """Name the entries that may be meant, the most precise first (containers-auth.json(5))."""
    parts = [place.registry, *place.repository.split("/")]
    for count in range(len(parts), 0, -1):
        name = "/".join(parts[:count])
        yield from (name, f"https://{name}", f"http://{name}")
        yield from (f"https://{name}/v1/", f"https://{name}/v2/")
    if place.registry == "docker.io":
        yield from (_HUB_KEY, "index.docker.io", "registry-1.docker.io")


def _from_entry(entry: object, path: Path, key: str) -> Credentials | None:
    source = f"{path}, auths[{key!r}]"
    if not isinstance(entry, dict):
        raise ProjectError("an entry is not a table", where=source)
    if entry.get("registrytoken"):
        return Credentials(source=source, registry_token=str(entry["registrytoken"]))
    if entry.get("identitytoken"):
        return Credentials(source=source, identity_token=str(entry["identitytoken"]))
    user, password = str(entry.get("username", "")), str(entry.get("password", ""))
    if entry.get("auth"):
        try:
            text = base64.b64decode(str(entry["auth"]), validate=True).decode()
        except ValueError:
            raise ProjectError(
                "the entry's auth is not base64", where=source, hint="run `docker login` again"
            ) from None
        user, _, password = text.partition(":")
    return Credentials(source=source, user=user, password=password.strip("\0")) if user else None


def _read(path: Path) -> dict[str, Any]:
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


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _exposure(path: Path) -> str:
    return "; others may read it: chmod 600" if path.stat().st_mode & 0o077 else ""


def helper_runner(
    environment: Mapping[str, str], *, timeout_s: float = _HELPER_TIMEOUT_S
) -> RunHelper:
    """Run helpers without a shell, with ``environment`` less our own variables."""
    handed_on = {k: v for k, v in environment.items() if not k.startswith("LAMINA_")}

    def run(helper: str, key: str) -> tuple[int, bytes]:
        program = f"docker-credential-{helper}"
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    [program, "get"],
                    check=False,
                    input=key.encode(),
                    stdout=output,
                    stderr=subprocess.DEVNULL,
                    timeout=timeout_s,
                    env=handed_on,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                is_late = isinstance(error, subprocess.TimeoutExpired)
                raise ToolError(
                    f"{program} took longer than {timeout_s:g} s"
                    if is_late
                    else f"{program} is not here, or cannot be run",
                    hint="install it, or take it out of Docker's config.json",
                ) from None
            output.seek(0)
            return done.returncode, output.read(_LARGEST)

    return run
