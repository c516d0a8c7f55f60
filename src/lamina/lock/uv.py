"""uv: turns names into addresses and sizes, and ranges into versions, for the image's target.

Everything about indexes, credentials and certificates is uv's own reading of the user's
configuration and environment; Lamina names no index.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lamina.errors import LockError, NetworkError, ToolError
from lamina.lock.index_settings import index_options
from lamina.lock.target import Target
from lamina.processes import run

_PREFERENCE: Final = "UV_PYTHON_PREFERENCE"
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
        options = ["--format", "pylock.toml", *_for_python(target.python_full)]
        # With a platform uv stops at the first distribution without a wheel for it.  Few have none
        # for glibc; for musl all of them are named, see lamina.lock.musl.
        is_any = target.musl is not None and not with_dependencies
        options += ["--universal"] if is_any else ["--python-platform", target.uv_platform]
        if not with_dependencies:
            options.append("--no-deps")
        return self._compile(requirements, options, directory=directory)

    def newest_wheel(self, name: str, target: Target, *, directory: Path) -> str:
        """Find the newest version of ``name`` with a wheel for ``target``; empty if none has."""
        with TemporaryDirectory(prefix="lamina-") as folder:
            listed = Path(folder) / "requirements.txt"
            listed.write_text(f"{name}\n", encoding="utf-8")
            options = ["--no-deps", "--only-binary", ":all:", "--no-header", "--no-annotate",
                       *_for_python(target.python_full),
                       "--python-platform", target.uv_platform]  # fmt: skip
            try:
                found = self._compile(listed, options, directory=directory)
            except LockError:
                return ""
        return found.strip().partition("==")[2]

    def export(self, directory: Path, *, extras: Sequence[str], groups: Sequence[str]) -> str:
        """Write the uv.lock of the project in ``directory`` as a pylock document (PEP 751).

        The lock is taken as it is, and no index is asked.  Groups are those named, and none that
        uv installs by default.
        """
        chosen = [f"--extra={name}" for name in extras] + [f"--group={name}" for name in groups]
        command = [self.program, "export", "--quiet", "--frozen", "--offline", "--no-header",
                   "--no-python-downloads", "--format", "pylock.toml", "--no-emit-project",
                   "--no-default-groups", *chosen]  # fmt: skip
        return self._run(command, directory, what="uv.lock")

    def pin(  # noqa: PLR0913 - what a lock is made from
        self,
        requirements: Path,
        *,
        python: str,
        directory: Path | None = None,
        previous: Path | None = None,
        upgrade: Sequence[str] = (),
        constraints: Path | None = None,
    ) -> str:
        """Pin a list of requirements for every platform, with hashes and without addresses.

        ``previous`` is a copy of the last lock, whose versions are kept where they fit, but for
        those named in ``upgrade``; it is written over.  ``constraints`` are versions that may not
        be left.  uv's own configuration is that of ``directory``, as for :meth:`resolve`.
        """
        options = ["--universal", *_for_python(python), "--generate-hashes", "--no-header",
                   "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
                   *(f"--upgrade-package={name}" for name in upgrade)]  # fmt: skip
        if constraints is not None:
            options += ["--constraints", str(constraints)]
        if previous is None:
            return self._compile(requirements, options, directory=directory)
        # Told quietly to keep versions, uv writes the file, and nothing to its output.
        output = ["--output-file", str(previous)]
        self._compile(requirements, [*options, *output], directory=directory)
        return previous.read_text(encoding="utf-8")

    def _compile(
        self, requirements: Path, options: Sequence[str], *, directory: Path | None = None
    ) -> str:
        # Without a Python of the target's version, uv would download one to build sdists with.
        command = [self.program, "pip", "compile", "--quiet", "--no-python-downloads",
                   *index_options(self.environment), *options,
                   str(requirements.resolve())]  # fmt: skip
        return self._run(command, directory or requirements.parent, what=str(requirements))

    def _run(self, command: Sequence[str], directory: Path, *, what: str) -> str:
        try:
            done = run(command, environment=_with_a_python(self.environment), directory=directory)
        except OSError as error:
            raise ToolError(f"cannot start uv: {error.strerror}", where=self.program) from error
        if done.returncode:
            raise _failed(done.stderr, what)
        return done.stdout


def _for_python(version: str) -> list[str]:
    """Choose for a version of Python; uv need not search for one like it where this one is."""
    here = [str(part) for part in sys.version_info[:2]]
    is_ours = version.split(".")[:2] == here
    return ["--python-version", version, *(["--python", sys.executable] if is_ours else [])]


def _with_a_python(environment: Mapping[str, str]) -> dict[str, str]:
    """Let uv find this Python where there is no other; it asks none of the target's version.

    Whoever wants none but uv's own, by a variable or in uv's configuration, may have none of that
    version, and none is downloaded.
    """
    folders = [environment.get("PATH", os.defpath), str(Path(sys.executable).parent)]
    found = {**environment, "PATH": os.pathsep.join(filter(None, folders))}
    found.pop("UV_MANAGED_PYTHON", None)
    if "UV_NO_MANAGED_PYTHON" not in found and found.get(_PREFERENCE) in {None, "only-managed"}:
        found[_PREFERENCE] = "system"
    return found


def _failed(output: str, what: str) -> LockError | NetworkError:
    why = _LOGIN.sub("", "\n".join(output.strip().splitlines()[-15:]))
    away = ("error sending request", "Failed to fetch", "dns error", "Could not connect")
    if any(text in output for text in away):
        return NetworkError(
            "the package index cannot be reached",
            why=why,
            hint="check the network, and pip's or uv's index and certificate settings",
        )
    problem = (
        "the lock cannot be read" if what == "uv.lock" else "the requirements cannot be resolved"
    )
    return LockError(problem, where=what, why=why)
