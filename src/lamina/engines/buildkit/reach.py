"""How a builder is reached: through buildx, or through buildctl where only that is there."""

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from lamina.engines.buildkit.client import Client
from lamina.engines.buildkit.run import run_quietly
from lamina.errors import ToolError

_ADDRESS = re.compile(r"(tcp|unix|ssh|kube-pod|docker-container|podman-container)://.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where to build: ``builder`` is a name for buildx, an address, or empty for the usual one."""

    environment: Mapping[str, str]
    builder: str = ""

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Give a client; buildx forgets an address again when the block ends.

        Raises ``ToolError`` where there is neither program.
        """
        docker, buildctl = self._program("docker"), self._program("buildctl")
        is_address = _ADDRESS.fullmatch(self.builder) is not None
        if docker and self._has_buildx(docker):
            if is_address:
                with self._remote(docker) as name:
                    yield Client(program="buildx", words=(docker,), builder=name)
            else:
                yield Client(program="buildx", words=(docker,), builder=self.builder)
        elif buildctl and (is_address or not self.builder):
            yield Client(program="buildctl", words=(buildctl,), builder=self.builder)
        else:
            raise ToolError(
                "neither docker with buildx nor buildctl is there",
                hint="install one of them, or build with the native engine: --engine native",
            )

    @contextmanager
    def _remote(self, docker: str) -> Iterator[str]:
        name = f"lamina-{secrets.token_hex(6)}"
        words = (docker, "buildx", "create", "--name", name, "--driver", "remote", self.builder)
        run_quietly(words, self.environment)
        try:
            yield name
        finally:
            with suppress(ToolError):  # it would only be listed
                run_quietly((docker, "buildx", "rm", name), self.environment)

    def _has_buildx(self, docker: str) -> bool:
        try:
            run_quietly((docker, "buildx", "version"), self.environment)
        except ToolError:
            return False
        return True

    def _program(self, name: str) -> str | None:
        return shutil.which(name, path=self.environment.get("PATH"))
