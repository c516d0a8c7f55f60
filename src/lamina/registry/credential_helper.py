"""Credential helpers: programs that keep passwords for Docker (docker-credential-helpers)."""

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from lamina.errors import ToolError
from lamina.registry.credential_file import HUB_KEY
from lamina.registry.credentials import Credentials, checked
from lamina.registry.place import Place

RunHelper = Callable[[str, str], tuple[int, bytes]]
"""Runs the helper ``docker-credential-NAME get`` with the registry on its input."""

_NAME = re.compile(r"[a-z0-9-]+")
_TIMEOUT_S = 30
_LARGEST = 1 << 20
_TOKEN_USER = "<token>"  # noqa: S105 - what helpers call an identity token's user
_NOT_FOUND = "credentials not found"


def ask_helper(helper: str, place: Place, path: Path, *, run: RunHelper) -> Credentials | None:
    """Ask the helper that ``path`` names; None where it knows nothing of the registry.

    Raises ``ToolError`` where it fails: falling back to something weaker is how passwords get where
    they should not (CVE-2021-41092).
    """
    if not _NAME.fullmatch(helper):
        raise ToolError(f"{helper[:80]!r} is not the name of a helper", where=str(path))
    code, output = run(helper, HUB_KEY if place.registry == "docker.io" else place.registry)
    if code and _NOT_FOUND in output.decode("utf-8", "replace"):
        return None
    try:
        answer = json.loads(output) if not code else {}
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ToolError(
            f"docker-credential-{helper} gave no credentials for {place.registry}",
            where=str(path),
            hint="run `docker login` again, or take the helper out of that file",
            why=f"it ended with {code}" if code else "its answer is not what helpers answer",
        ) from None
    source = f"docker-credential-{helper}, which {path} names"
    if user == _TOKEN_USER:
        return checked(Credentials(source=source, identity_token=secret))
    return checked(Credentials(source=source, user=user, password=secret))


def helper_runner(environment: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> RunHelper:
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
