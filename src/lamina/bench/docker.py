"""The other side: a Dockerfile, built by the Docker engine that the user has."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lamina.bench.comparison import Scenario
from lamina.bench.workspace import Workspace


@dataclass(slots=True, kw_only=True)
class DockerSide:
    """Builds with ``docker build``; ``words`` are further options of it.

    The engine's cache of steps is left alone: a clean build is one with ``--no-cache``, which finds
    its base and its cache mounts where they are.
    """

    program: str
    environment: Mapping[str, str]
    dockerfile: Path
    name: str
    time: Callable[[Sequence[str], Mapping[str, str]], float]
    repository: str = ""
    words: Sequence[str] = field(default_factory=tuple)
    _is_there: bool = field(default=False, init=False)

    @property
    def image(self) -> str:
        """Where the image of the last build is found."""
        return f"docker-daemon:{self.name}"

    def rounds(self, workspace: Workspace, number: int) -> Iterator[tuple[Scenario, float]]:
        """Measure each scenario once, in the order in which one prepares the next."""
        yield Scenario.CLEAN, self._build(workspace, "--no-cache")
        workspace.edit(f"cached {number}")
        yield Scenario.CACHED, self._build(workspace)
        if self.repository:
            workspace.edit(f"pushed {number}")
            pushed = f"{self.repository}:dockerfile-{number}"
            seconds = self._build(workspace, "--no-cache", "-t", pushed)
            try:
                seconds += self._run("push", pushed)
            finally:
                self._run("image", "rm", pushed)
            yield Scenario.CI, seconds

    def close(self) -> None:
        """Take away the image; what the engine's builder caches stays."""
        if self._is_there:
            self._run("image", "rm", self.name)
            self._is_there = False

    def _build(self, workspace: Workspace, *words: str) -> float:
        self.close()  # or it would stay, without a name
        seconds = self._run(
            "build", "--progress", "plain", "-f", str(self.dockerfile), "-t", self.name,
            *words, *self.words, str(workspace.directory),
        )  # fmt: skip
        self._is_there = True
        return seconds

    def _run(self, *words: str) -> float:
        return self.time([self.program, *words], {**self.environment, "DOCKER_BUILDKIT": "1"})
