"""uv: turns names into addresses and sizes, and ranges into versions, for the image's target.

Everything about indexes, credentials and certificates is uv's own reading of the user's
configuration and environment; Lamina names no index.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.errors import LockError, NetworkError, ToolError
from lamina.lock.index_settings import index_options
from lamina.lock.target import Target

_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uv:
    """The uv program and the environment it runs in."""

    program: str
    environment: Mapping[str, str]

    def resolve(
        self,
        requirements: Path,
        target: Target,
        *,
        with_dependencies: bool,
        directory: Path | None = None,
    ) -> str:
        """Resolve a requirements file to the text of a pylock document (PEP 751).

        ``with_dependencies=False`` is for a complete lock: nothing is added to it.  uv's own
        configuration is that of ``directory``, of the file's if there is none.  Raises
        ``LockError`` when there is no solution and ``NetworkError`` when the index is away.
        """
        options = ["--format", "pylock.toml", "--python-version", target.python_full,
                   "--python-platform", target.uv_platform]  # fmt: skip
        if not with_dependencies:
            options.append("--no-deps")
        return self._compile(requirements, options, directory=directory)

    def pin(self, requirements: Path, *, python: str, previous: Path | None = None) -> str:
        """Pin a list of requirements for every platform, with hashes and without addresses.

        ``previous`` is a copy of the last lock, whose versions are kept where they fit; it is
        written over.
        """
        options = ["--universal", "--python-version", python, "--generate-hashes", "--no-header",
                   "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]  # fmt: skip
        if previous is None:
            return self._compile(requirements, options)
        # Told quietly to keep versions, uv writes the file, and nothing to its output.
        self._compile(requirements, [*options, "--output-file", str(previous)])
        return previous.read_text(encoding="utf-8")

    def _compile(
        self, requirements: Path, options: Sequence[str], *, directory: Path | None = None
    ) -> str:
        command = [self.program, "pip", "compile", "--quiet", *index_options(self.environment),
                   *options, str(requirements.resolve())]  # fmt: skip
        try:
            done = subprocess.run(  # noqa: PLW1510 - the return code is looked at below
                command,
                env=dict(self.environment),
                capture_output=True,
                text=True,
                errors="replace",
                cwd=directory or requirements.parent,
            )
        except OSError as error:
            raise ToolError(f"cannot start uv: {error.strerror}", where=self.program) from error
        if done.returncode:
            raise _failed(done.stderr, requirements)
        return done.stdout


def _failed(output: str, requirements: Path) -> LockError | NetworkError:
    why = _LOGIN.sub("", "\n".join(output.strip().splitlines()[-15:]))
    away = ("error sending request", "Failed to fetch", "dns error", "Could not connect")
    if any(text in output for text in away):
        return NetworkError(
            "the package index cannot be reached",
            why=why,
            hint="check the network, and pip's or uv's index and certificate settings",
        )
    return LockError("the requirements cannot be resolved", where=str(requirements), why=why)
