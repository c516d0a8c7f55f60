"""Where credentials are looked for: variables, and Docker's and containers' files, read only.

The first of these that knows the registry counts: ``LAMINA_REGISTRY_USER`` and
``LAMINA_REGISTRY_PASSWORD``, for the registry ``LAMINA_REGISTRY``; the file
``REGISTRY_AUTH_FILE``; Docker's ``config.json``; containers' ``auth.json``.  Inside a file:
credHelpers, credsStore, auths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamina.registry.credential_file import entry_of, helper_of, read_document
from lamina.registry.credential_helper import RunHelper, ask_helper, helper_runner
from lamina.registry.credential_variables import (
    USER,
    credentials_in,
    may_be_told_in_the_open,
    why_not,
)
from lamina.registry.credentials import ANONYMOUS, Credentials
from lamina.registry.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """A source of credentials, and what it ``says`` of a registry, without secrets.

    ``is_exposed`` is for a file with credentials that others of this machine may read.
    """

    name: str
    says: str
    is_exposed: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.says}"


class CredentialFinder:
    """Looks for the credentials of a registry in the user's environment."""

    def __init__(self, environment: Mapping[str, str], *, run: RunHelper | None = None) -> None:
        self._environment = environment
        self._run = run or helper_runner(environment)

    def find(self, place: Place) -> Credentials:
        """Return the first credentials for ``place``, or :data:`ANONYMOUS`.

        Raises ``ProjectError`` for a file that cannot be read, ``ToolError`` for a helper that
        is named and fails, and ``UsageError`` for variables that do not fit together.
        """
        return self.explain(place)[0]

    def explain(self, place: Place) -> tuple[Credentials, tuple[LookedAt, ...]]:
        """Find as :meth:`find` does, and say of each source what came of it, in order.

        Sources behind the one that knows the registry are not looked at.
        """
        found = credentials_in(self._environment, place)
        looked = [LookedAt(name=USER, says="used" if found else why_not(self._environment))]
        for path in self.paths():
            if found is None:
                found, says = self._look_into(path, place)
                looked.append(says)
            else:
                looked.append(LookedAt(name=str(path), says="not asked"))
        return found or ANONYMOUS, tuple(looked)

    def may_be_told_in_the_open(self, place: Place) -> bool:
        """Say whether credentials may go to the registry without TLS; raise ``UsageError``."""
        return may_be_told_in_the_open(self._environment, place)

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

    def _look_into(self, path: Path, place: Place) -> tuple[Credentials | None, LookedAt]:
        if not path.is_file():
            return None, LookedAt(name=str(path), says="not there")
        found = self._in_file(path, place)
        if found is None:
            return None, LookedAt(name=str(path), says="nothing for it")
        is_exposed = bool(path.stat().st_mode & 0o077)
        says = f"{found.user or 'a token'}, used: {found.source.removeprefix(f'{path}, ')}"
        if is_exposed:
            says += "; others may read it: chmod 600"
        return found, LookedAt(name=str(path), says=says, is_exposed=is_exposed)

    def _in_file(self, path: Path, place: Place) -> Credentials | None:
        document = read_document(path)
        helper = helper_of(document, place)
        found = ask_helper(helper, place, path, run=self._run) if helper else None
        return found or entry_of(document, place, path)
