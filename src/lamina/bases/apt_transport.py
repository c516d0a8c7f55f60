"""apt's own helper as the transport: the host's proxies, credentials and mirror methods apply."""

import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from lamina.debian.fetch import Download, verified
from lamina.errors import IntegrityError, NetworkError, ToolError
from lamina.processes import run

HELPER = Path("/usr/lib/apt/apt-helper")
_PER_CALL = 200  # command lines have a limit
_TIMEOUT_S = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class AptTransport:
    """A ``Fetch`` that runs ``apt-helper download-file`` for many files at once.

    Files land in ``directory``, named by their
    hash where they have one, and are not fetched again while they are there.
    """

    directory: Path
    helper: Path = HELPER

    @property
    def is_available(self) -> bool:
        """Tell whether this host has the helper."""
        return self.helper.is_file()

    def __call__(self, downloads: Sequence[Download]) -> list[Path]:
        """Fetch ``downloads``; raise ``NetworkError`` if one cannot be had, with apt's reason."""
        if not self.is_available:
            raise ToolError("this host has no apt-helper", where=str(self.helper))
        self.directory.mkdir(parents=True, exist_ok=True)
        paths = [self.directory / _file_name(download) for download in downloads]
        missing = [pair for pair in zip(downloads, paths, strict=True) if not _is_there(*pair)]
        for start in range(0, len(missing), _PER_CALL):
            self._fetch(missing[start : start + _PER_CALL])
        return paths

    def _fetch(self, missing: Sequence[tuple[Download, Path]]) -> None:
        """Fetch into a folder of our own: somebody else may be fetching the same files just now."""
        partial = self.directory / f"partial-{secrets.token_hex(8)}"
        partial.mkdir()
        try:
            self._run([(download, partial / path.name) for download, path in missing])
            for _, path in missing:
                (partial / path.name).replace(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _run(self, missing: Sequence[tuple[Download, Path]]) -> None:
        arguments = [word for pair in missing for word in _triple(*pair)]
        try:
            done = run(
                [self.helper, "-o", "APT::Sandbox::User=root", "download-file", *arguments],
                timeout_s=_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ToolError("apt-helper could not run", why=str(error)) from error
        if done.returncode != 0 or not all(path.is_file() for _, path in missing):
            raise _failed(missing, done.stderr)


def _triple(download: Download, path: Path) -> list[str]:
    # apt-helper takes an empty hash for a file of which none is known.
    return [download.url, str(path), f"SHA256:{download.sha256}" if download.sha256 else ""]


def _file_name(download: Download) -> str:
    return download.sha256 or f"url-{sha256(download.url.encode()).hexdigest()}"


def _is_there(download: Download, path: Path) -> bool:
    if download.sha256 is None:
        return False  # it may have changed
    try:
        verified(download, path)
    except (OSError, IntegrityError):
        path.unlink(missing_ok=True)
        return False
    return True


def _failed(missing: Sequence[tuple[Download, Path]], stderr: str) -> NetworkError:
    lines = [line for line in stderr.splitlines() if line.startswith("E:")]
    return NetworkError(
        "apt could not fetch from the archive",
        where=missing[0][0].url,
        hint="run `apt-get update` to see whether this machine reaches its mirror",
        why="; ".join(lines[:3]) or "no reason given",
    )
