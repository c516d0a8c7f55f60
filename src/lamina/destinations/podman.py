"""The podman program, for machines where it is the engine and no service listens."""

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, cast

from lamina.destinations.local_engine import EngineError, EngineRefusedError, Pour
from lamina.errors import ImageError
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference


class PodmanProgram:
    """Podman as the user runs it, in ``environment``."""

    transport = "containers-storage"

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        self._program = program
        self._environment = environment

    def platform(self) -> Platform:
        """Say what it runs."""
        return Platform.parse(self._ask("info", "--format", "{{.Host.OS}}/{{.Host.Arch}}"))

    def image_ids(self) -> frozenset[Digest]:
        """List its images that have a name."""
        named = ("--filter", "dangling=false")
        lines = self._ask("images", *named, "--no-trunc", "--format", "{{.ID}}").splitlines()
        found: set[Digest] = set()
        for line in lines:
            with contextlib.suppress(ImageError):
                found.add(Digest.parse(line.strip()))
        return frozenset(found)

    def load(self, pour: Pour) -> None:
        """Send an archive to its standard input."""
        with tempfile.TemporaryFile() as said, self._start(said, "load", "--quiet") as process:
            stdin = cast("IO[bytes]", process.stdin)
            with contextlib.suppress(BrokenPipeError):  # it says why when it has ended
                try:
                    pour(stdin)
                except BaseException:
                    process.kill()  # else it may take the beginning for all
                    raise
                stdin.close()
            self._check(process.wait(), said)

    def tag(self, ids: Sequence[Digest], name: Reference) -> None:
        """Name an image, which podman knows by its config."""
        self._ask("tag", str(ids[-1]), str(name))

    def _ask(self, *words: str) -> str:
        with tempfile.TemporaryFile() as said, self._start(said, *words) as process:
            output, _ = process.communicate()
            self._check(process.returncode, said)
        return str(output.decode("utf-8", "replace").strip())

    def _start(self, said: IO[bytes], *words: str) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                [self._program, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=dict(self._environment),
            )
        except OSError as error:
            raise EngineError(
                "podman cannot be started", where=self._program, why=str(error)
            ) from error

    def _check(self, code: int, said: IO[bytes]) -> None:
        if code:
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()
            raise EngineRefusedError(
                "podman refused", where=self._program, why=text[-500:] or f"it ended with {code}"
            )
