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
    its base and its cache mounts where they are.  Only with ``may_prune`` is it emptied, without
    which no build can show what it gets from a registry.  ``beside`` are files that the Dockerfile
    wants of the project's copy, text by path.
    """

    program: str
    environment: Mapping[str, str]
    dockerfile: Path
    name: str
    time: Callable[[Sequence[str], Mapping[str, str]], float]
    repository: str = ""
    words: Sequence[str] = field(default_factory=tuple)
    beside: Mapping[str, str] = field(default_factory=dict)
    may_prune: bool = False
    _is_there: bool = field(default=False, init=False)

    @property
    def image(self) -> str:
        """Where the image of the last build is found."""
        return f"docker-daemon:{self.name}"

    def rounds(self, workspace: Workspace, number: int) -> Iterator[tuple[Scenario, float]]:
        """Measure each scenario once, in the order in which one prepares the next."""
        for name, text in self.beside.items():
            workspace.add(name, text)
        yield Scenario.CLEAN, self._build(workspace, "--no-cache")
        workspace.edit(f"cached {number}")
        yield Scenario.CACHED, self._build(workspace)
        if self.repository:
            workspace.edit(f"pushed {number}")
            empty = f"{self.repository}-dockerfile-{number}:before"
            yield Scenario.CI_EMPTY, self._pushed(workspace, empty, "--no-cache")
        if self.repository and self.may_prune:
            yield Scenario.CI_KEPT, self._with_the_registrys_cache(workspace, number)

    def _with_the_registrys_cache(self, workspace: Workspace, number: int) -> float:
        """Keep the cache of steps in the registry, lose the engine's, and time what is left."""
        kept = f"{self.repository}:dockerfile"
        inline = ("--build-arg", "BUILDKIT_INLINE_CACHE=1")  # what every engine can write
        self._pushed(workspace, kept, *inline)
        self.close()
        self._run("builder", "prune", "--all", "--force")
        workspace.edit(f"again {number}")
        return self._pushed(workspace, f"{kept}-{number}", *inline, "--cache-from", kept)

    def _pushed(self, workspace: Workspace, name: str, *words: str) -> float:
        seconds = self._build(workspace, "-t", name, *words)
        try:
            return seconds + self._run("push", name)
        finally:
            self._run("image", "rm", name)

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
